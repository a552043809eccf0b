WITH "t2" AS (
  SELECT
    "t1"."unit",
    "t1"."period",
    MIN("t1"."now") FILTER(WHERE
      "t1"."enters") AS "entered",
    SUM(CAST("t1"."returns" AS BIGINT)) AS "returns"
  FROM (
    SELECT
      "t0"."user_id" AS "unit",
      EPOCH_US("t0"."time") AS "now",
      CAST(FLOOR(
        (
          CAST(FLOOR((
            EPOCH_US("t0"."time") + 0
          ) / (
            86400000000
          )) AS BIGINT) + 3
        ) / (
          7
        )
      ) AS BIGINT) AS "period",
      (
        "t0"."event" = 'open'
      ) AND TRUE AS "enters",
      TRUE AND TRUE AS "returns"
    FROM "events" AS "t0"
  ) AS "t1"
  GROUP BY
    1,
    2
), "t5" AS (
  SELECT
    "t3"."unit",
    MIN("t3"."period") FILTER(WHERE
      "t3"."entered" IS NOT NULL) AS "cohort",
    MIN("t3"."entered") AS "entry"
  FROM "t2" AS "t3"
  GROUP BY
    1
)
SELECT
  *
FROM (
  SELECT
    *
  FROM (
    SELECT
      "t8"."cohort",
      "t8"."period_number",
      COUNT(*) AS "users"
    FROM (
      SELECT
        "t7"."unit",
        "t7"."cohort",
        "t7"."entry",
        -1 AS "period_number"
      FROM "t5" AS "t7"
      WHERE
        "t7"."entry" IS NOT NULL
    ) AS "t8"
    GROUP BY
      1,
      2
  ) AS "t11"
  UNION ALL
  SELECT
    *
  FROM (
    SELECT
      "t13"."cohort",
      "t13"."period_number",
      COUNT(*) AS "users"
    FROM (
      SELECT
        "t12"."unit",
        "t12"."period",
        "t12"."cohort",
        "t12"."entry",
        "t12"."period" - "t12"."cohort" AS "period_number"
      FROM (
        SELECT
          "t6"."unit",
          "t6"."period",
          "t10"."cohort",
          "t10"."entry"
        FROM (
          SELECT
            "t3"."unit",
            "t3"."period"
          FROM "t2" AS "t3"
          WHERE
            "t3"."returns" >= 1 AND "t3"."period" <= 2926
        ) AS "t6"
        INNER JOIN (
          SELECT
            *
          FROM "t5" AS "t7"
          WHERE
            "t7"."entry" IS NOT NULL
        ) AS "t10"
          ON "t6"."unit" = "t10"."unit"
      ) AS "t12"
      WHERE
        (
          "t12"."period" - "t12"."cohort"
        ) >= 0
        AND (
          "t12"."period" - "t12"."cohort"
        ) <= 3
    ) AS "t13"
    GROUP BY
      1,
      2
  ) AS "t14"
) AS "t15"
ORDER BY
  "t15"."cohort" ASC,
  "t15"."period_number" ASC
