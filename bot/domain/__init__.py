"""What the business means: one room per concern, each with rules, tables and the services that change them."""
