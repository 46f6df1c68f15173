"""`marginspec serve`: a journal's waterfall, markets and liquidations as pages, for readers on this machine only.

Pages are drawn here and sent whole: they work without script, load nothing from elsewhere, and keep nothing.
"""
