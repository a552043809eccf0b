SELECT
  "t7"."per" AS "period",
  "t7"."active_intervals",
  "t7"."users"
FROM (
  SELECT
    "t6"."per",
    "t6"."active_intervals",
    COUNT(*) AS "users"
  FROM (
    SELECT
      "t5"."per",
      "t5"."unit",
      COUNT(*) AS "active_intervals"
    FROM (
      SELECT
        *
      FROM (
        SELECT
          "t3"."per",
          "t3"."unit",
          "t3"."interval",
          SUM("t3"."events") AS "events"
        FROM (
          SELECT
            "t2"."unit",
            "t2"."period",
            "t2"."events",
            "t2"."per",
            CAST(FLOOR((
              "t2"."period" - 20458
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
              ) AS BIGINT) AS "per"
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
        GROUP BY
          1,
          2,
          3
      ) AS "t4"
      WHERE
        "t4"."events" >= 2
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
  "t7"."per" ASC,
  "t7"."active_intervals" ASC
