"""Everything that a run imports, imported once by the process of which each run to be killed is a copy.

What would start threads of its own, such as a query of Polars, is not done here: a copy would lack them.
"""

import gc
import os

os.environ["GX_ANALYTICS_ENABLED"] = "false"


# A collection would touch, and so copy, every page that the copies share.
gc.freeze()
