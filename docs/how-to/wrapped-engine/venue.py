"""A margin engine of a venue, as it might be: plain floats, one currency, cross margin, errors by code."""


class VenueError(Exception):
    """The venue's own error; the text is its code."""


class Venue:
    def __init__(self):
        self.markets, self.marks, self.balance, self.positions, self.fund = {}, {}, {}, {}, 0.0

    def add_market(self, symbol, tick, brackets, taker_fee, maker_fee):
        """Brackets are (floor, maintenance rate, most leverage), ascending."""
        self.markets[symbol] = (tick, brackets, taker_fee, maker_fee)

    def transfer(self, user, amount):
        if amount < 0 and -amount > self.free(user):
            raise VenueError("NOT_ENOUGH_FREE")
        self.balance[user] = self.balance.get(user, 0.0) + amount

    def fill(self, symbol, taker, maker, signed, price):
        """The taker buys so much, or sells if it is below zero."""
        if symbol not in self.markets:
            raise VenueError("NO_SUCH_SYMBOL")
        for user in (taker, maker):
            if user not in self.balance:
                raise VenueError("NO_SUCH_USER")
        tick, _, taker_fee, maker_fee = self.markets[symbol]
        if abs(price / tick - round(price / tick)) > 1e-6:
            raise VenueError("OFF_TICK")
        for user, quantity, fee in ((taker, signed, taker_fee), (maker, -signed, maker_fee)):
            held, cost = self.positions.get((user, symbol), (0.0, 0.0))
            closed = min(abs(held), abs(quantity)) if held * quantity < 0 else 0.0
            released = cost * closed / abs(held) if closed else 0.0
            value = price * closed * (1 if held > 0 else -1)
            self.balance[user] += value - released - abs(quantity) * price * fee
            left = quantity + (closed if quantity < 0 else -closed)
            self.positions[user, symbol] = (held + quantity, cost - released + left * price)
        for user in (taker, maker):
            if self.equity(user) < self.sum(user, self.initial):
                raise VenueError("NOT_ENOUGH_MARGIN")

    def mark(self, symbol, price):
        """A new mark; gives who was liquidated. The fund takes their positions over at the mark."""
        if symbol not in self.markets:
            raise VenueError("NO_SUCH_SYMBOL")
        self.marks[symbol] = price
        users = [user for user in sorted(self.balance) if any(self.held(user).values())]
        gone = [user for user in users if self.equity(user) <= self.sum(user, self.maintenance)]
        for user in gone:
            self.fund += self.equity(user)
            self.balance[user] = 0.0
            self.positions = {key: value for key, value in self.positions.items() if key[0] != user}
        return gone

    def held(self, user):
        return {symbol: held for (owner, symbol), held in self.positions.items() if owner == user and held[0]}

    def equity(self, user):
        unrealised = sum(size * self.marks[one] - cost for one, (size, cost) in self.held(user).items())
        return self.balance.get(user, 0.0) + unrealised

    def sum(self, user, margin):
        return sum(margin(one, abs(size * self.marks[one])) for one, (size, _) in self.held(user).items())

    def maintenance(self, symbol, notional):
        steps, before = 0.0, 0.0
        for floor, rate, _ in self.markets[symbol][1]:
            steps += max(0.0, notional - floor) * (rate - before)
            before = rate
        return steps

    def initial(self, symbol, notional):
        most = [leverage for floor, _, leverage in self.markets[symbol][1] if floor == 0 or floor < notional]
        return notional / min(20, most[-1])

    def free(self, user):
        return min(self.balance.get(user, 0.0), self.equity(user)) - self.sum(user, self.initial)
