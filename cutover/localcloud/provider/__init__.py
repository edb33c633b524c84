"""Replaces pulumi-resource-aws by a provider that uses boto3 and has the resource types of the components."""
