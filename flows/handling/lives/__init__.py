"""The life of orders over ports and without Prefect: hear, plan, send, settle. Testable in milliseconds with fakes."""
