"""Simulated venues: journals made from a seed, price paths, bundled market parameters and the bundled stress day."""

from marginspec_tools.simulate.bundled import stress_day_path
from marginspec_tools.simulate.generation import generate, run_venue
from marginspec_tools.simulate.options import (
    ScenarioOptions,
    check_stated,
    chosen_scenario,
    scenario_command,
    scenario_options,
)
from marginspec_tools.simulate.parameters import Parameters, mixed, opening_length
from marginspec_tools.simulate.venue import Venue
