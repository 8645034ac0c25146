"""The data layer: schema, engine, migrations, and one module a noun."""
