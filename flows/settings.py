"""How the flows run: batch sizes, leases, retries. Values: CROSSDOCK_FLOW_*; the defaults suit one machine."""

from datetime import timedelta
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class FlowSettings(BaseSettings):
    """Frozen: read once when the runtime opens."""

    model_config = SettingsConfigDict(env_prefix="CROSSDOCK_FLOW_", frozen=True, extra="ignore")

    landscape: Path = Field(Path("deployments/landscape.toml"), description="The landscape file.")
    mappings: Path = Field(Path("deployments/mappings"), description="The folder of mapping seeds (CSV).")
    lease_seconds: int = Field(60, gt=5, description="How long a claim holds without being extended.")
    batch: int = Field(100, gt=0, le=500, description="How many orders an intake micro-batch claims at most.")
    linger_seconds: float = Field(2.0, ge=0, description="How long an idle drain waits for more before it ends.")
    attempts: int = Field(8, gt=0, description="Attempts before a message is dead-lettered.")
    poll_overlap_minutes: int = Field(10, gt=0, description="How far a poll reads back before its cursor.")
    park_seconds: int = Field(15, gt=0, description="First pause of a lane whose system is down; doubles up to 5 min.")
    posting_goal_seconds: int = Field(300, gt=0, description="Service level: webhook to ERP document.")

    @property
    def lease(self) -> timedelta:
        return timedelta(seconds=self.lease_seconds)
