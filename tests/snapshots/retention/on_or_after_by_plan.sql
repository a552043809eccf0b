WITH "t1" AS (
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
    TRUE AND TRUE AS "returns",
    CASE
      WHEN (
        "t0"."plan" IS NULL
      ) OR (
        "t0"."plan" = ''
      )
      THEN '(missing)'
      ELSE "t0"."plan"
    END AS "segment"
  FROM "events" AS "t0"
)
SELECT
  *
FROM (
  SELECT
    "t11"."segment",
    COUNT(*) AS "users"
  FROM (
    SELECT
      *
    FROM (
      SELECT
        "t9"."unit",
        "t9"."cohort",
        "t9"."entry",
        MIN("t9"."segment") AS "segment"
      FROM (
        SELECT
          "t4"."unit",
          "t4"."segment",
          "t4"."entry",
          "t8"."cohort"
        FROM (
          SELECT
            "t2"."unit",
            "t2"."segment",
            "t2"."now" AS "entry"
          FROM "t1" AS "t2"
          WHERE
            "t2"."enters"
        ) AS "t4"
        INNER JOIN (
          SELECT
            *
          FROM (
            SELECT
              "t5"."unit",
              MIN("t5"."period") FILTER(WHERE
                "t5"."entered" IS NOT NULL) AS "cohort",
              MIN("t5"."entered") AS "entry"
            FROM (
              SELECT
                "t2"."unit",
                "t2"."period",
                MIN("t2"."now") FILTER(WHERE
                  "t2"."enters") AS "entered",
                SUM(CAST("t2"."returns" AS BIGINT)) AS "returns"
              FROM "t1" AS "t2"
              GROUP BY
                1,
                2
            ) AS "t5"
            GROUP BY
              1
          ) AS "t6"
          WHERE
            "t6"."entry" IS NOT NULL
        ) AS "t8"
          ON "t4"."unit" = "t8"."unit" AND "t4"."entry" = "t8"."entry"
      ) AS "t9"
      GROUP BY
        1,
        2,
        3
    ) AS "t10"
    WHERE
      "t10"."segment" <> '(missing)'
  ) AS "t11"
  GROUP BY
    1
) AS "t12"
ORDER BY
  "t12"."users" DESC,
  "t12"."segment" ASC
LIMIT 5

WITH "t1" AS (
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
    TRUE AND TRUE AS "returns",
    CASE
      WHEN (
        "t0"."plan" IS NULL
      ) OR (
        "t0"."plan" = ''
      )
      THEN '(missing)'
      ELSE "t0"."plan"
    END AS "segment"
  FROM "events" AS "t0"
), "t5" AS (
  SELECT
    "t2"."unit",
    "t2"."period",
    MIN("t2"."now") FILTER(WHERE
      "t2"."enters") AS "entered",
    SUM(CAST("t2"."returns" AS BIGINT)) AS "returns"
  FROM "t1" AS "t2"
  GROUP BY
    1,
    2
), "t14" AS (
  SELECT
    "t13"."unit",
    "t13"."cohort",
    "t13"."entry",
    MIN("t13"."segment") AS "segment"
  FROM (
    SELECT
      "t4"."unit",
      "t4"."segment",
      "t4"."entry",
      "t12"."cohort"
    FROM (
      SELECT
        "t2"."unit",
        "t2"."segment",
        "t2"."now" AS "entry"
      FROM "t1" AS "t2"
      WHERE
        "t2"."enters"
    ) AS "t4"
    INNER JOIN (
      SELECT
        *
      FROM (
        SELECT
          "t6"."unit",
          MIN("t6"."period") FILTER(WHERE
            "t6"."entered" IS NOT NULL) AS "cohort",
          MIN("t6"."entered") AS "entry"
        FROM "t5" AS "t6"
        GROUP BY
          1
      ) AS "t8"
      WHERE
        "t8"."entry" IS NOT NULL
    ) AS "t12"
      ON "t4"."unit" = "t12"."unit" AND "t4"."entry" = "t12"."entry"
  ) AS "t13"
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
      "t16"."segment",
      "t16"."cohort",
      "t16"."period_number",
      COUNT(*) AS "users"
    FROM (
      SELECT
        "t15"."unit",
        "t15"."cohort",
        "t15"."entry",
        CASE
          WHEN (
            "t15"."segment" = 'free'
          )
          OR (
            "t15"."segment" = 'pro'
          )
          OR (
            "t15"."segment" = '(missing)'
          )
          THEN "t15"."segment"
          ELSE '(other)'
        END AS "segment",
        -1 AS "period_number"
      FROM "t14" AS "t15"
    ) AS "t16"
    GROUP BY
      1,
      2,
      3
  ) AS "t19"
  UNION ALL
  SELECT
    *
  FROM (
    SELECT
      "t22"."segment",
      "t22"."cohort",
      "t22"."period_number",
      COUNT(*) AS "users"
    FROM (
      SELECT
        "t21"."unit",
        "t21"."cohort",
        "t21"."segment",
        LEAST(MAX("t21"."period_number"), 3) AS "period_number"
      FROM (
        SELECT
          "t20"."unit",
          "t20"."cohort",
          "t20"."entry",
          "t20"."segment",
          "t20"."period",
          "t20"."period" - "t20"."cohort" AS "period_number"
        FROM (
          SELECT
            "t18"."unit",
            "t18"."cohort",
            "t18"."entry",
            "t18"."segment",
            "t11"."period"
          FROM (
            SELECT
              "t15"."unit",
              "t15"."cohort",
              "t15"."entry",
              CASE
                WHEN (
                  "t15"."segment" = 'free'
                )
                OR (
                  "t15"."segment" = 'pro'
                )
                OR (
                  "t15"."segment" = '(missing)'
                )
                THEN "t15"."segment"
                ELSE '(other)'
              END AS "segment"
            FROM "t14" AS "t15"
          ) AS "t18"
          INNER JOIN (
            SELECT
              "t7"."unit",
              MAX("t7"."period") AS "period"
            FROM (
              SELECT
                *
              FROM "t5" AS "t6"
              WHERE
                "t6"."returns" >= 1 AND "t6"."period" <= 2926
            ) AS "t7"
            GROUP BY
              1
          ) AS "t11"
            ON "t18"."unit" = "t11"."unit"
        ) AS "t20"
        WHERE
          (
            "t20"."period" - "t20"."cohort"
          ) >= 0
          AND (
            "t20"."period" - "t20"."cohort"
          ) >= 1
      ) AS "t21"
      GROUP BY
        1,
        2,
        3
    ) AS "t22"
    GROUP BY
      1,
      2,
      3
  ) AS "t23"
) AS "t24"
ORDER BY
  "t24"."segment" ASC,
  "t24"."cohort" ASC,
  "t24"."period_number" ASC
