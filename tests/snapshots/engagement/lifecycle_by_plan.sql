WITH "t2" AS (
  SELECT
    "t1"."user_id" AS "unit",
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
    CAST(COALESCE(TRUE, FALSE) AS BIGINT) AS "active",
    EPOCH_US("t1"."time") AS "now",
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
      "t0"."time" < MAKE_TIMESTAMP(2026, 2, 9, 0, 0, 0.0)
  ) AS "t1"
)
SELECT
  *
FROM (
  SELECT
    "t10"."segment",
    COUNT(DISTINCT "t10"."unit") AS "users"
  FROM (
    SELECT
      "t9"."unit",
      MIN("t9"."segment") AS "segment"
    FROM (
      SELECT
        *
      FROM (
        SELECT
          "t6"."unit",
          "t6"."now",
          "t6"."segment",
          "t7"."sight"
        FROM (
          SELECT
            "t3"."unit",
            "t3"."now",
            "t3"."segment"
          FROM "t2" AS "t3"
        ) AS "t6"
        INNER JOIN (
          SELECT
            "t3"."unit",
            MIN("t3"."now") AS "sight"
          FROM "t2" AS "t3"
          GROUP BY
            1
        ) AS "t7"
          ON "t6"."unit" = "t7"."unit"
      ) AS "t8"
      WHERE
        "t8"."now" = "t8"."sight"
    ) AS "t9"
    GROUP BY
      1
  ) AS "t10"
  GROUP BY
    1
) AS "t11"
ORDER BY
  "t11"."users" DESC,
  "t11"."segment" ASC
LIMIT 11

WITH "t2" AS (
  SELECT
    "t1"."user_id" AS "unit",
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
    CAST(COALESCE(TRUE, FALSE) AS BIGINT) AS "active",
    EPOCH_US("t1"."time") AS "now",
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
      "t0"."time" < MAKE_TIMESTAMP(2026, 2, 9, 0, 0, 0.0)
  ) AS "t1"
)
SELECT
  *
FROM (
  SELECT
    "t16"."segment",
    "t16"."period",
    COUNT(*) AS "users",
    SUM(CAST("t16"."before" IS NULL AS BIGINT)) AS "new",
    SUM(
      CAST(NOT (
        "t16"."before" IS NULL
      )
      AND COALESCE("t16"."before" = (
        "t16"."period" - 1
      ), FALSE) AS BIGINT)
    ) AS "returning",
    SUM(
      CAST(NOT (
        "t16"."before" IS NULL
      )
      AND NOT (
        COALESCE("t16"."before" = (
          "t16"."period" - 1
        ), FALSE)
      ) AS BIGINT)
    ) AS "resurrecting",
    SUM(
      CAST(NOT (
        COALESCE("t16"."after" = (
          "t16"."period" + 1
        ), FALSE)
      ) AS BIGINT)
    ) AS "leaving"
  FROM (
    SELECT
      "t10"."unit",
      "t10"."period",
      "t10"."active",
      "t10"."before",
      "t10"."after",
      "t15"."segment"
    FROM (
      SELECT
        "t5"."unit",
        "t5"."period",
        "t5"."active",
        LAG("t5"."period") OVER (
          PARTITION BY "t5"."unit"
          ORDER BY "t5"."period" ASC
          ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ) AS "before",
        LEAD("t5"."period") OVER (
          PARTITION BY "t5"."unit"
          ORDER BY "t5"."period" ASC
          ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ) AS "after"
      FROM (
        SELECT
          "t3"."unit",
          "t3"."period",
          MAX("t3"."active") AS "active"
        FROM "t2" AS "t3"
        GROUP BY
          1,
          2
      ) AS "t5"
    ) AS "t10"
    INNER JOIN (
      SELECT
        *
      FROM (
        SELECT
          "t12"."unit",
          MIN("t12"."segment") AS "segment"
        FROM (
          SELECT
            *
          FROM (
            SELECT
              "t7"."unit",
              "t7"."now",
              "t7"."segment",
              "t8"."sight"
            FROM (
              SELECT
                "t3"."unit",
                "t3"."now",
                "t3"."segment"
              FROM "t2" AS "t3"
            ) AS "t7"
            INNER JOIN (
              SELECT
                "t3"."unit",
                MIN("t3"."now") AS "sight"
              FROM "t2" AS "t3"
              GROUP BY
                1
            ) AS "t8"
              ON "t7"."unit" = "t8"."unit"
          ) AS "t11"
          WHERE
            "t11"."now" = "t11"."sight"
        ) AS "t12"
        GROUP BY
          1
      ) AS "t13"
    ) AS "t15"
      ON "t10"."unit" = "t15"."unit"
  ) AS "t16"
  GROUP BY
    1,
    2
) AS "t17"
ORDER BY
  "t17"."segment" ASC,
  "t17"."period" ASC
