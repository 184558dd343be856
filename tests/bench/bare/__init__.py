"""The least that a server can do: the next subject and a durable answer. The whole game stands beside it."""
