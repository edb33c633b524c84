"""The verbs of Pulumi's state: `cutover state …`."""
