"""Test traffic: a request with a release's header reaches that release, whatever its weight."""

HEADER = "X-Cutover-Release"
"""Name of the header. Its value is the first eight characters of the release digest (`ReleaseRef.digest8`)."""
