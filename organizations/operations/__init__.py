"""What people do to organisations, people and accounts: one function for one thing done."""
