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

EXCLUDED: Final = "excluded"
MATURE_USERS: Final = "mature_users"
MATURE_RATE: Final = "mature_rate"
MATURE_CI_LOWER: Final = "mature_ci_lower"
MATURE_CI_UPPER: Final = "mature_ci_upper"
MEAN_VALUE: Final = "mean_value"
ENTERED: Final = "entered"
CONVERTED: Final = "converted"
ENTERED_AT: Final = "entered_at"
ENDED_AT: Final = "ended_at"
OUTCOME: Final = "outcome"
COUNTS: Final = "counts"
ATTEMPT: Final = "attempt"
FROM_STEP: Final = "from_step"
TO_STEP: Final = "to_step"
MEAN_SECONDS: Final = "mean_seconds"
MEDIAN_SECONDS: Final = "median_seconds"
P25_SECONDS: Final = "p25_seconds"
P75_SECONDS: Final = "p75_seconds"
P90_SECONDS: Final = "p90_seconds"
SECONDS: Final = "seconds"
UNTIL_SECONDS: Final = "until_seconds"
CONVERTED_SHARE: Final = "converted_share"
RATE_WITH: Final = "rate_with"
RATE_WITHOUT: Final = "rate_without"
ODDS_RATIO: Final = "odds_ratio"
ODDS_CI_LOWER: Final = "odds_ci_lower"
ODDS_CI_UPPER: Final = "odds_ci_upper"

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

# Engagement
WINDOW_DAYS: Final = "window_days"
RATIO: Final = "ratio"
MEAN_RATIO: Final = "mean_ratio"
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
VALUE_PER_USER: Final = "value_per_user"
FIRST_AT_RISK: Final = "first_at_risk"
SECOND_AT_RISK: Final = "second_at_risk"

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
ADJUSTED_P_VALUE: Final = "adjusted_p_value"
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
