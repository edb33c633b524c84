"""Test traffic: requests that carry a release's own header reach that release, whatever its weight."""

HEADER = "X-Cutover-Release"
"""Its value is the first eight characters of the release digest (`ReleaseRef.digest8`)."""
