"""The rooms: one folder per question. They do not see each other; what two share lives a floor below."""
