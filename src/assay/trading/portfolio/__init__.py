"""What accounts hold and made in their own currency, what they ought to hold, and the way there.

This is trading's own quick view; the ledger is the truth.
"""

from assay.trading.portfolio.chains import Chains
from assay.trading.portfolio.state import Holding, Portfolio
from assay.trading.portfolio.view import PortfolioView, view_account

__all__ = ["Chains", "Holding", "Portfolio", "PortfolioView", "view_account"]
