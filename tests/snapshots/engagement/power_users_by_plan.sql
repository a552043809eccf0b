SELECT
  *
FROM (
  SELECT
    "t1"."segment",
    COUNT(DISTINCT "t1"."unit") AS "users"
  FROM (
    SELECT
      CASE
        WHEN (
          "t0"."plan" IS NULL
        ) OR (
          "t0"."plan" = ''
        )
        THEN '(missing)'
        ELSE "t0"."plan"
      END AS "segment",
      "t0"."user_id" AS "unit"
    FROM "events" AS "t0"
    WHERE
      "t0"."time" < MAKE_TIMESTAMP(2026, 2, 8, 0, 0, 0.0)
      AND "t0"."time" >= MAKE_TIMESTAMP(2026, 2, 1, 0, 0, 0.0)
      AND TRUE
  ) AS "t1"
  GROUP BY
    1
) AS "t2"
ORDER BY
  "t2"."users" DESC,
  "t2"."segment" ASC
LIMIT 11

SELECT
  *
FROM (
  SELECT
    "t6"."segment",
    "t6"."active_intervals",
    COUNT(*) AS "users"
  FROM (
    SELECT
      "t5"."segment",
      "t5"."unit",
      COUNT(*) AS "active_intervals"
    FROM (
      SELECT
        *
      FROM (
        SELECT
          "t3"."segment",
          "t3"."unit",
          "t3"."interval",
          SUM("t3"."events") AS "events"
        FROM (
          SELECT
            "t2"."unit",
            "t2"."period",
            "t2"."events",
            "t2"."segment",
            CAST(FLOOR((
              "t2"."period" - 20485
            ) / (
              1
            )) AS BIGINT) AS "interval"
          FROM (
            SELECT
              "t1"."user_id" AS "unit",
              CAST(FLOOR((
                EPOCH_US("t1"."time") + 0
              ) / (
                86400000000
              )) AS BIGINT) AS "period",
              1 AS "events",
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
                "t0"."time" < MAKE_TIMESTAMP(2026, 2, 8, 0, 0, 0.0)
                AND "t0"."time" >= MAKE_TIMESTAMP(2026, 2, 1, 0, 0, 0.0)
                AND TRUE
            ) AS "t1"
          ) AS "t2"
        ) AS "t3"
        GROUP BY
          1,
          2,
          3
      ) AS "t4"
      WHERE
        "t4"."events" >= 1
    ) AS "t5"
    GROUP BY
      1,
      2
  ) AS "t6"
  GROUP BY
    1,
    2
) AS "t7"
ORDER BY
  "t7"."segment" ASC,
  "t7"."active_intervals" ASC
