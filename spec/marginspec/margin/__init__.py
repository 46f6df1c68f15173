"""What keeps an account healthy: margin, its bands, and what closing a part of a position does."""
