"""What reports are written in: pages and XML, in which whatever others said is text and nothing else, and SARIF."""

from marginspec_tools.markup.pages import add as add
from marginspec_tools.markup.pages import add_table as add_table
from marginspec_tools.markup.pages import new_page as new_page
from marginspec_tools.markup.pages import page_bytes as page_bytes
from marginspec_tools.markup.pages import xml_bytes as xml_bytes
from marginspec_tools.markup.pages import xml_text as xml_text
from marginspec_tools.markup.sarif import SCHEMA as SARIF_SCHEMA
from marginspec_tools.markup.sarif import sarif_bytes as sarif_bytes
