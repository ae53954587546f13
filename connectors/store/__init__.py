"""Stores as warehouses: requests lie on a board in our database; what people do with them comes as signed events, or
by `crossdock store`, into the inbox. Kind `store` in the landscape; one system may stand for many stores."""
