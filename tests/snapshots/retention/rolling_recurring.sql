WITH "t2" AS (
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
), "t5" AS (
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
        "t7"."period" AS "cohort",
        "t7"."entered" AS "entry",
        -1 AS "period_number"
      FROM "t5" AS "t7"
      WHERE
        "t7"."entered" IS NOT NULL
    ) AS "t8"
    GROUP BY
      1,
      2
  ) AS "t13"
  UNION ALL
  SELECT
    *
  FROM (
    SELECT
      "t17"."cohort",
      "t17"."period_number",
      COUNT(*) AS "users"
    FROM (
      SELECT
        *
      FROM (
        SELECT
          "t15"."unit",
          "t15"."cohort",
          "t15"."period_number",
          COUNT(*) AS "returns"
        FROM (
          SELECT
            "t14"."unit",
            "t14"."period",
            "t14"."now",
            "t14"."enters",
            "t14"."back",
            "t14"."cohort",
            "t14"."entry",
            CAST(FLOOR((
              "t14"."now" - "t14"."entry"
            ) / (
              86400000000
            )) AS BIGINT) AS "period_number"
          FROM (
            SELECT
              "t12"."unit",
              "t12"."period",
              "t12"."now",
              "t12"."enters",
              "t12"."back",
              "t12"."cohort",
              "t11"."entry"
            FROM (
              SELECT
                "t6"."unit",
                "t6"."period",
                "t6"."now",
                "t6"."enters",
                "t6"."back",
                "t6"."period" - CAST("t6"."back" AS BIGINT) AS "cohort"
              FROM (
                SELECT
                  "t4"."unit",
                  "t4"."period",
                  "t4"."now",
                  "t4"."enters",
                  UNNEST(RANGE(0, 7, 1)) AS "back"
                FROM (
                  SELECT
                    "t3"."unit",
                    "t3"."period",
                    "t3"."now",
                    "t3"."enters"
                  FROM "t2" AS "t3"
                  WHERE
                    "t3"."returns"
                ) AS "t4"
              ) AS "t6"
            ) AS "t12"
            INNER JOIN (
              SELECT
                "t7"."unit",
                "t7"."period" AS "cohort",
                "t7"."entered" AS "entry"
              FROM "t5" AS "t7"
              WHERE
                "t7"."entered" IS NOT NULL
            ) AS "t11"
              ON "t12"."unit" = "t11"."unit" AND "t12"."cohort" = "t11"."cohort"
          ) AS "t14"
          WHERE
            "t14"."now" >= "t14"."entry"
            AND (
              "t14"."entry" + (
                (
                  CAST(FLOOR((
                    "t14"."now" - "t14"."entry"
                  ) / (
                    86400000000
                  )) AS BIGINT) + 1
                ) * 86400000000
              )
            ) <= 1770544800000001
            AND CAST(FLOOR((
              "t14"."now" - "t14"."entry"
            ) / (
              86400000000
            )) AS BIGINT) <= 3
        ) AS "t15"
        GROUP BY
          1,
          2,
          3
      ) AS "t16"
      WHERE
        "t16"."returns" >= 2
    ) AS "t17"
    GROUP BY
      1,
      2
  ) AS "t18"
) AS "t19"
ORDER BY
  "t19"."cohort" ASC,
  "t19"."period_number" ASC
