"""What the integration tests run Porter with: real servers, real processes, real clients."""
