SELECT
  *
FROM (
  SELECT
    "t4"."day",
    SUM(
      CAST((
        (
          "t4"."day" - "t4"."before"
        ) IS NULL
      )
      OR (
        (
          "t4"."day" - "t4"."before"
        ) > 1
      ) AS BIGINT)
    ) AS "entered_1",
    SUM(
      CAST((
        (
          "t4"."after" - "t4"."day"
        ) IS NULL
      )
      OR (
        (
          "t4"."after" - "t4"."day"
        ) > 1
      ) AS BIGINT)
    ) AS "last_1",
    SUM(
      CAST((
        (
          "t4"."day" - "t4"."before"
        ) IS NULL
      )
      OR (
        (
          "t4"."day" - "t4"."before"
        ) > 7
      ) AS BIGINT)
    ) AS "entered_7",
    SUM(
      CAST((
        (
          "t4"."after" - "t4"."day"
        ) IS NULL
      )
      OR (
        (
          "t4"."after" - "t4"."day"
        ) > 7
      ) AS BIGINT)
    ) AS "last_7"
  FROM (
    SELECT
      "t3"."unit",
      "t3"."day",
      LAG("t3"."day") OVER (
        PARTITION BY "t3"."unit"
        ORDER BY "t3"."day" ASC
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) AS "before",
      LEAD("t3"."day") OVER (
        PARTITION BY "t3"."unit"
        ORDER BY "t3"."day" ASC
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) AS "after"
    FROM (
      SELECT DISTINCT
        "t2"."unit",
        "t2"."period" AS "day"
      FROM (
        SELECT
          "t1"."user_id" AS "unit",
          CAST(FLOOR((
            EPOCH_US("t1"."time") + 0
          ) / (
            86400000000
          )) AS BIGINT) AS "period",
          1 AS "events"
        FROM (
          SELECT
            *
          FROM "events" AS "t0"
          WHERE
            "t0"."time" < MAKE_TIMESTAMP(2026, 2, 9, 0, 0, 0.0)
            AND "t0"."time" >= MAKE_TIMESTAMP(2026, 1, 5, 0, 0, 0.0)
            AND TRUE
        ) AS "t1"
      ) AS "t2"
    ) AS "t3"
  ) AS "t4"
  GROUP BY
    1
) AS "t5"
ORDER BY
  "t5"."day" ASC
