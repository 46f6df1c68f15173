"""Hypothesis, so that every run of the tests tries the same examples."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "marginspec", derandomize=True, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("marginspec")
