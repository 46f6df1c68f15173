"""What happens when an account is not healthy: liquidation, waterfall, deleveraging, levy."""
