SELECT
  MAX(EPOCH_US("t0"."time")) AS "last"
FROM "events" AS "t0"

SELECT DISTINCT
  "t0"."event"
FROM "events" AS "t0"

WITH "t2" AS (
  SELECT
    "t1"."user_id" AS "unit",
    EPOCH_US("t1"."time") AS "now",
    CAST(FLOOR(
      (
        CAST(FLOOR((
          EPOCH_US("t1"."time") + 0
        ) / (
          86400000000
        )) AS BIGINT) + 3
      ) / (
        7
      )
    ) AS BIGINT) AS "period",
    (
      "t1"."event" = 'open'
    ) AND TRUE AS "enters",
    TRUE AND TRUE AS "returns",
    CASE
      WHEN (
        "t1"."plan" IS NULL
      ) OR (
        "t1"."plan" = ''
      )
      THEN '(missing)'
      ELSE "t1"."plan"
    END AS "segment"
  FROM (
    SELECT
      *
    FROM "events" AS "t0"
    WHERE
      "t0"."user_id" IS NOT NULL AND TRIM("t0"."user_id", <white space>) <> ''
  ) AS "t1"
)
SELECT
  *
FROM (
  SELECT
    "t12"."segment",
    COUNT(*) AS "users"
  FROM (
    SELECT
      *
    FROM (
      SELECT
        "t10"."unit",
        "t10"."cohort",
        "t10"."entry",
        MIN("t10"."segment") AS "segment"
      FROM (
        SELECT
          "t5"."unit",
          "t5"."segment",
          "t5"."entry",
          "t9"."cohort"
        FROM (
          SELECT
            "t3"."unit",
            "t3"."segment",
            "t3"."now" AS "entry"
          FROM "t2" AS "t3"
          WHERE
            "t3"."enters"
        ) AS "t5"
        INNER JOIN (
          SELECT
            *
          FROM (
            SELECT
              "t6"."unit",
              MIN("t6"."period") FILTER(WHERE
                "t6"."entered" IS NOT NULL) AS "cohort",
              MIN("t6"."entered") AS "entry"
            FROM (
              SELECT
                "t3"."unit",
                "t3"."period",
                MIN("t3"."now") FILTER(WHERE
                  "t3"."enters") AS "entered",
                SUM(CAST("t3"."returns" AS BIGINT)) AS "returns"
              FROM "t2" AS "t3"
              GROUP BY
                1,
                2
            ) AS "t6"
            GROUP BY
              1
          ) AS "t7"
          WHERE
            "t7"."entry" IS NOT NULL
        ) AS "t9"
          ON "t5"."unit" = "t9"."unit" AND "t5"."entry" = "t9"."entry"
      ) AS "t10"
      GROUP BY
        1,
        2,
        3
    ) AS "t11"
    WHERE
      "t11"."segment" <> '(missing)'
  ) AS "t12"
  GROUP BY
    1
) AS "t13"
ORDER BY
  "t13"."users" DESC,
  "t13"."segment" ASC
LIMIT 5

WITH "t2" AS (
  SELECT
    "t1"."user_id" AS "unit",
    EPOCH_US("t1"."time") AS "now",
    CAST(FLOOR(
      (
        CAST(FLOOR((
          EPOCH_US("t1"."time") + 0
        ) / (
          86400000000
        )) AS BIGINT) + 3
      ) / (
        7
      )
    ) AS BIGINT) AS "period",
    (
      "t1"."event" = 'open'
    ) AND TRUE AS "enters",
    TRUE AND TRUE AS "returns",
    CASE
      WHEN (
        "t1"."plan" IS NULL
      ) OR (
        "t1"."plan" = ''
      )
      THEN '(missing)'
      ELSE "t1"."plan"
    END AS "segment"
  FROM (
    SELECT
      *
    FROM "events" AS "t0"
    WHERE
      "t0"."user_id" IS NOT NULL AND TRIM("t0"."user_id", <white space>) <> ''
  ) AS "t1"
), "t6" AS (
  SELECT
    "t3"."unit",
    "t3"."period",
    MIN("t3"."now") FILTER(WHERE
      "t3"."enters") AS "entered",
    SUM(CAST("t3"."returns" AS BIGINT)) AS "returns"
  FROM "t2" AS "t3"
  GROUP BY
    1,
    2
), "t15" AS (
  SELECT
    "t14"."unit",
    "t14"."cohort",
    "t14"."entry",
    MIN("t14"."segment") AS "segment"
  FROM (
    SELECT
      "t5"."unit",
      "t5"."segment",
      "t5"."entry",
      "t13"."cohort"
    FROM (
      SELECT
        "t3"."unit",
        "t3"."segment",
        "t3"."now" AS "entry"
      FROM "t2" AS "t3"
      WHERE
        "t3"."enters"
    ) AS "t5"
    INNER JOIN (
      SELECT
        *
      FROM (
        SELECT
          "t7"."unit",
          MIN("t7"."period") FILTER(WHERE
            "t7"."entered" IS NOT NULL) AS "cohort",
          MIN("t7"."entered") AS "entry"
        FROM "t6" AS "t7"
        GROUP BY
          1
      ) AS "t9"
      WHERE
        "t9"."entry" IS NOT NULL
    ) AS "t13"
      ON "t5"."unit" = "t13"."unit" AND "t5"."entry" = "t13"."entry"
  ) AS "t14"
  GROUP BY
    1,
    2,
    3
)
SELECT
  *
FROM (
  SELECT
    *
  FROM (
    SELECT
      "t17"."segment",
      "t17"."cohort",
      "t17"."period_number",
      COUNT(*) AS "users"
    FROM (
      SELECT
        "t16"."unit",
        "t16"."cohort",
        "t16"."entry",
        CASE
          WHEN (
            "t16"."segment" = 'free'
          )
          OR (
            "t16"."segment" = 'pro'
          )
          OR (
            "t16"."segment" = '(missing)'
          )
          THEN "t16"."segment"
          ELSE '(other)'
        END AS "segment",
        -1 AS "period_number"
      FROM "t15" AS "t16"
    ) AS "t17"
    GROUP BY
      1,
      2,
      3
  ) AS "t20"
  UNION ALL
  SELECT
    *
  FROM (
    SELECT
      "t23"."segment",
      "t23"."cohort",
      "t23"."period_number",
      COUNT(*) AS "users"
    FROM (
      SELECT
        "t22"."unit",
        "t22"."cohort",
        "t22"."segment",
        LEAST(MAX("t22"."period_number"), 3) AS "period_number"
      FROM (
        SELECT
          "t21"."unit",
          "t21"."cohort",
          "t21"."entry",
          "t21"."segment",
          "t21"."period",
          "t21"."period" - "t21"."cohort" AS "period_number"
        FROM (
          SELECT
            "t19"."unit",
            "t19"."cohort",
            "t19"."entry",
            "t19"."segment",
            "t12"."period"
          FROM (
            SELECT
              "t16"."unit",
              "t16"."cohort",
              "t16"."entry",
              CASE
                WHEN (
                  "t16"."segment" = 'free'
                )
                OR (
                  "t16"."segment" = 'pro'
                )
                OR (
                  "t16"."segment" = '(missing)'
                )
                THEN "t16"."segment"
                ELSE '(other)'
              END AS "segment"
            FROM "t15" AS "t16"
          ) AS "t19"
          INNER JOIN (
            SELECT
              "t8"."unit",
              MAX("t8"."period") AS "period"
            FROM (
              SELECT
                *
              FROM "t6" AS "t7"
              WHERE
                "t7"."returns" >= 1 AND "t7"."period" <= 2926
            ) AS "t8"
            GROUP BY
              1
          ) AS "t12"
            ON "t19"."unit" = "t12"."unit"
        ) AS "t21"
        WHERE
          (
            "t21"."period" - "t21"."cohort"
          ) >= 0
          AND (
            "t21"."period" - "t21"."cohort"
          ) >= 1
      ) AS "t22"
      GROUP BY
        1,
        2,
        3
    ) AS "t23"
    GROUP BY
      1,
      2,
      3
  ) AS "t24"
) AS "t25"
ORDER BY
  "t25"."segment" ASC,
  "t25"."cohort" ASC,
  "t25"."period_number" ASC
