"""What happens when an account is not healthy, liquidation, waterfall, deleveraging, levy, and when a market ends."""
