"""The bill of materials of an installation: what it consists of, under which licences."""
