"""How the flows run: batch sizes, leases, retries. Values: CROSSDOCK_FLOW_*; the defaults suit one machine."""

from datetime import timedelta
from pathlib import Path

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class FlowSettings(BaseSettings):
    """Frozen: read once when the runtime opens."""

    model_config = SettingsConfigDict(env_prefix="CROSSDOCK_FLOW_", frozen=True, extra="ignore", populate_by_name=True)

    landscape: Path = Field(Path("deployments/landscape.toml"), description="The landscape file.")
    mappings: Path = Field(Path("deployments/mappings"), description="The folder of mapping seeds (CSV).")
    policies: Path = Field(Path("deployments/policies/policies.toml"), description="The stock policies.")
    routing: Path = Field(Path("deployments/policies/routing.toml"), description="The routing rules.")
    lifecycle: Path = Field(
        Path("deployments/policies/lifecycle.toml"), description="How orders are shipped and taken back."
    )
    lease_seconds: int = Field(60, gt=5, description="How long a claim holds without being extended.")
    batch: int = Field(100, gt=0, le=500, description="How many orders an intake micro-batch claims at most.")
    linger_seconds: float = Field(2.0, ge=0, description="How long an idle drain waits for more before it ends.")
    attempts: int = Field(8, gt=0, description="Attempts before a message is dead-lettered.")
    poll_overlap_minutes: int = Field(10, gt=0, description="How far a poll reads back before its cursor.")
    park_seconds: int = Field(15, gt=0, description="First pause of a lane whose system is down; doubles up to 5 min.")
    posting_goal_seconds: int = Field(300, gt=0, description="Service level: webhook to ERP document.")
    publish_lease_seconds: int = Field(120, gt=30, description="How long a claim of figures holds.")
    coalesce_seconds: float = Field(1.0, ge=0, description="How long stock changes of a SKU are collected.")
    stock_wave: int = Field(2000, gt=0, le=5000, description="How many figures a worker claims at once.")
    asked_orders: int = Field(5000, ge=0, description="Known orders a shop is asked about before a read figure.")
    stock_stale_hours: int = Field(72, gt=0, description="A position older than that is quarantined.")
    stock_jump_units: int = Field(10_000, gt=0, description="A rise of on hand by more is looked at ...")
    stock_jump_factor: int = Field(10, gt=1, description="... and quarantined when it is to more than so many times.")
    stock_poll_seconds: float = Field(2.0, gt=0, description="How often a source without events is asked.")
    stock_poll_for_seconds: float = Field(
        150.0, ge=0, description="How long a poll run keeps asking at most; the run a minute later takes over."
    )
    stock_goal_seconds: int = Field(300, gt=0, description="Service level: stock event to the channel's answer.")
    echo_patience_seconds: float = Field(5.0, gt=0, description="How long an unexplained echo waits for its order.")
    warehouse_poll_seconds: float = Field(5.0, gt=0, description="How often warehouses are asked what happened.")
    warehouse_poll_for_seconds: float = Field(55.0, ge=0, description="How long one poll run keeps asking.")
    product_wave: int = Field(1000, gt=0, le=2000, description="How many products a worker claims at once.")
    product_goal_seconds: int = Field(900, gt=0, description="Service level: a source's word to the shop's answer.")

    gateway_url: str | None = Field(
        None,
        validation_alias=AliasChoices("gateway_url", "CROSSDOCK_GATEWAY_URL"),
        description="Where people reach the gateway: reports link each document to its trace there.",
    )

    @property
    def lease(self) -> timedelta:
        return timedelta(seconds=self.lease_seconds)

    @property
    def publish_lease(self) -> timedelta:
        return timedelta(seconds=self.publish_lease_seconds)
