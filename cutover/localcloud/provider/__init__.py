"""A stand-in for pulumi-resource-aws over boto3, with the types that the components use."""
