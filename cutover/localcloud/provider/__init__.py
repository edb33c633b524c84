"""A replacement of pulumi-resource-aws over boto3, with the resource types that the components use."""
