"""The vocabulary: every column name a result may carry, once. docs/glossary.md says what each one means."""

from __future__ import annotations

from typing import Final

# The event log
USER_ID: Final = "user_id"
EVENT: Final = "event"
TIME: Final = "time"
UNIT: Final = "unit"
ROWS: Final = "rows"
REASON: Final = "reason"

# Counts of units
USERS: Final = "users"
EVENTS: Final = "events"
ELIGIBLE: Final = "eligible"

# Funnel
STEP: Final = "step"
STEP_NUMBER: Final = "step_number"
CONVERSION_RATE: Final = "conversion_rate"
STEP_CONVERSION_RATE: Final = "step_conversion_rate"
STEP_CI_LOWER: Final = "step_ci_lower"
STEP_CI_UPPER: Final = "step_ci_upper"

FIRST_USERS: Final = "first_users"
FIRST_RATE: Final = "first_rate"
SECOND_USERS: Final = "second_users"
SECOND_RATE: Final = "second_rate"

# Adoption
RUNG: Final = "rung"
RATE: Final = "rate"
DAYS: Final = "days"
ADOPTED_SHARE: Final = "adopted_share"
AT_RISK: Final = "at_risk"
ADOPTED: Final = "adopted"
CENSORED: Final = "censored"
BASE: Final = "base"
IMMATURE: Final = "immature"
STEP_BASE: Final = "step_base"
STEP_RATE: Final = "step_rate"
DENOMINATOR: Final = "denominator"
MEASURE: Final = "measure"
WEEK: Final = "week"
MEAN_USES: Final = "mean_uses"
USES_CI_LOWER: Final = "uses_ci_lower"
USES_CI_UPPER: Final = "uses_ci_upper"
ACCOUNTS: Final = "accounts"
FEATURE: Final = "feature"
MEDIAN_DAYS: Final = "median_days"
DAYS_CI_LOWER: Final = "days_ci_lower"
DAYS_CI_UPPER: Final = "days_ci_upper"
MEDIAN_ACTIVE_DAYS: Final = "median_active_days"
QUADRANT: Final = "quadrant"

# Engagement
WINDOW_DAYS: Final = "window_days"
RATIO: Final = "ratio"
ACTIVE_INTERVALS: Final = "active_intervals"
ACTIVE_DAYS: Final = "active_days"
MEAN_DAYS: Final = "mean_days"
NEW: Final = "new"
RETURNING: Final = "returning"
RESURRECTING: Final = "resurrecting"
DORMANT: Final = "dormant"
NET_CHANGE: Final = "net_change"
RETAINED_RATE: Final = "retained_rate"
QUICK_RATIO: Final = "quick_ratio"

# Retention
COHORT: Final = "cohort"
COHORT_USERS: Final = "cohort_users"
COHORTS: Final = "cohorts"
PERIOD_NUMBER: Final = "period_number"
BRACKET: Final = "bracket"
PROVISIONAL: Final = "provisional"
VALUE: Final = "value"
FIRST_COHORT: Final = "first_cohort"
FIRST_COHORT_USERS: Final = "first_cohort_users"
SECOND_COHORT: Final = "second_cohort"
SECOND_COHORT_USERS: Final = "second_cohort_users"

# Experiment
METRIC: Final = "metric"
KIND: Final = "kind"
ROLE: Final = "role"
VARIANT: Final = "variant"
CONTROL: Final = "control"
CONTROL_USERS: Final = "control_users"
VARIANT_USERS: Final = "variant_users"
CONTROL_VALUE: Final = "control_value"
VARIANT_VALUE: Final = "variant_value"
DIFFERENCE: Final = "difference"
LIFT: Final = "lift"
LIFT_CI_LOWER: Final = "lift_ci_lower"
LIFT_CI_UPPER: Final = "lift_ci_upper"
P_VALUE: Final = "p_value"
METHOD: Final = "method"
STATUS: Final = "status"

# Intervals
CI_LOWER: Final = "ci_lower"
CI_UPPER: Final = "ci_upper"

# Periods and segments
SEGMENT: Final = "segment"
COMPLETE: Final = "complete"
PERIOD: Final = "period"
DAY: Final = "day"

# Data quality
CHECK: Final = "check"
SEVERITY: Final = "severity"
EVIDENCE: Final = "evidence"
EFFECT: Final = "effect"
