"""Client libraries as their makers ship them, against the deployed stack."""

from tests.system.conftest import build_house, cloud, deployment

__all__ = ["build_house", "cloud", "deployment"]
