"""The records in DynamoDB, one module for each kind; `cutover/adapters/dynamodb.py` makes them one ledger.

Every item has `pk` = APPLICATION#ENVIRONMENT and `sk` = KIND#NAME, and its value as JSON in `body`.
"""
