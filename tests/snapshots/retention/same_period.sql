WITH "t3" AS (
  SELECT
    "t2"."unit",
    "t2"."period",
    MIN("t2"."now") FILTER(WHERE
      "t2"."enters") AS "entered",
    SUM(CAST("t2"."returns" AS BIGINT)) AS "returns",
    MAX("t2"."now") FILTER(WHERE
      "t2"."returns" AND NOT (
        "t2"."enters"
      )) AS "last_other",
    MAX("t2"."now") FILTER(WHERE
      "t2"."returns" AND "t2"."enters") AS "last_start"
  FROM (
    SELECT
      "t1"."user_id" AS "unit",
      EPOCH_US("t1"."time") AS "now",
      CAST(FLOOR((
        EPOCH_US("t1"."time") + 0
      ) / (
        86400000000
      )) AS BIGINT) AS "period",
      (
        "t1"."event" = 'open'
      ) AND TRUE AS "enters",
      (
        "t1"."event" = 'use'
      ) AND TRUE AS "returns"
    FROM (
      SELECT
        *
      FROM "events" AS "t0"
      WHERE
        "t0"."event" IN ('open', 'use')
    ) AS "t1"
  ) AS "t2"
  GROUP BY
    1,
    2
), "t6" AS (
  SELECT
    "t4"."unit",
    MIN("t4"."period") FILTER(WHERE
      "t4"."entered" IS NOT NULL) AS "cohort",
    MIN("t4"."entered") AS "entry"
  FROM "t3" AS "t4"
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
      "t9"."cohort",
      "t9"."period_number",
      COUNT(*) AS "users"
    FROM (
      SELECT
        "t8"."unit",
        "t8"."cohort",
        "t8"."entry",
        -1 AS "period_number"
      FROM "t6" AS "t8"
      WHERE
        "t8"."entry" IS NOT NULL
    ) AS "t9"
    GROUP BY
      1,
      2
  ) AS "t12"
  UNION ALL
  SELECT
    *
  FROM (
    SELECT
      "t14"."cohort",
      "t14"."period_number",
      COUNT(*) AS "users"
    FROM (
      SELECT
        "t13"."unit",
        "t13"."period",
        "t13"."last_other",
        "t13"."last_start",
        "t13"."cohort",
        "t13"."entry",
        "t13"."period" - "t13"."cohort" AS "period_number"
      FROM (
        SELECT
          "t7"."unit",
          "t7"."period",
          "t7"."last_other",
          "t7"."last_start",
          "t11"."cohort",
          "t11"."entry"
        FROM (
          SELECT
            "t4"."unit",
            "t4"."period",
            "t4"."last_other",
            "t4"."last_start"
          FROM "t3" AS "t4"
          WHERE
            "t4"."returns" >= 1 AND "t4"."period" <= 20491
        ) AS "t7"
        INNER JOIN (
          SELECT
            *
          FROM "t6" AS "t8"
          WHERE
            "t8"."entry" IS NOT NULL
        ) AS "t11"
          ON "t7"."unit" = "t11"."unit"
      ) AS "t13"
      WHERE
        (
          "t13"."period" - "t13"."cohort"
        ) >= 0
        AND (
          "t13"."period" - "t13"."cohort"
        ) <= 3
        AND (
          (
            (
              "t13"."period" - "t13"."cohort"
            ) > 0
          )
          OR COALESCE(
            (
              "t13"."last_other" >= "t13"."entry"
            )
            OR (
              "t13"."last_start" > "t13"."entry"
            ),
            FALSE
          )
        )
    ) AS "t14"
    GROUP BY
      1,
      2
  ) AS "t15"
) AS "t16"
ORDER BY
  "t16"."cohort" ASC,
  "t16"."period_number" ASC
