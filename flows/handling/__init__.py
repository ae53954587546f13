"""What the steps do, over ports and without Prefect: testable in milliseconds with fakes."""
