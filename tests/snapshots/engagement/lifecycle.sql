SELECT
  *
FROM (
  SELECT
    "t6"."period",
    COUNT(*) AS "users",
    SUM(CAST("t6"."first" AS BIGINT)) AS "new",
    SUM(
      CAST(NOT (
        "t6"."first"
      )
      AND COALESCE("t6"."before" = (
        "t6"."period" - 1
      ), FALSE) AS BIGINT)
    ) AS "returning",
    SUM(
      CAST(NOT (
        "t6"."first"
      )
      AND NOT (
        COALESCE("t6"."before" = (
          "t6"."period" - 1
        ), FALSE)
      ) AS BIGINT)
    ) AS "resurrecting",
    SUM(
      CAST(NOT (
        COALESCE("t6"."after" = (
          "t6"."period" + 1
        ), FALSE)
      ) AS BIGINT)
    ) AS "leaving"
  FROM (
    SELECT
      "t5"."unit",
      "t5"."period",
      "t5"."active",
      "t5"."first",
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
        *
      FROM (
        SELECT
          "t3"."unit",
          "t3"."period",
          "t3"."active",
          LAG("t3"."period") OVER (
            PARTITION BY "t3"."unit"
            ORDER BY "t3"."period" ASC
            ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
          ) IS NULL AS "first"
        FROM (
          SELECT
            "t2"."unit",
            "t2"."period",
            MAX("t2"."active") AS "active"
          FROM (
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
              CAST(COALESCE("t1"."event" IN ('use'), FALSE) AS BIGINT) AS "active"
            FROM (
              SELECT
                *
              FROM "events" AS "t0"
              WHERE
                "t0"."time" < MAKE_TIMESTAMP(2026, 2, 9, 0, 0, 0.0)
            ) AS "t1"
          ) AS "t2"
          GROUP BY
            1,
            2
        ) AS "t3"
      ) AS "t4"
      WHERE
        "t4"."active" = 1
    ) AS "t5"
  ) AS "t6"
  GROUP BY
    1
) AS "t7"
ORDER BY
  "t7"."period" ASC
