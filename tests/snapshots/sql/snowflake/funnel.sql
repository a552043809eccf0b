SELECT
  *
FROM (
  SELECT
    "t10"."level",
    COUNT(*) AS "users",
    SUM(
      CAST((
        "t10"."level" < 2
      )
      AND (
        (
          "t10"."entry" + 604800000000
        ) >= 1775343600000001
      ) AS BIGINT)
    ) AS "unfinished"
  FROM (
    SELECT
      *
    FROM (
      SELECT
        "t8"."unit",
        MAX(
          CASE
            WHEN "t8"."reached_2" IS NOT NULL
            THEN 2
            WHEN "t8"."reached_1" IS NOT NULL
            THEN 1
            ELSE 0
          END
        ) AS "level",
        MAX("t8"."reached_1") AS "entry"
      FROM (
        SELECT
          "t7"."unit",
          "t7"."now",
          "t7"."rows_of_0",
          "t7"."rows_of_1",
          "t7"."reached_1",
          "t7"."before_1",
          CASE
            WHEN (
              IFF(
                "t7"."rows_of_1" >= 1,
                IFF(
                  (
                    "t7"."now" - "t7"."before_1"
                  ) <= 604800000000,
                  "t7"."before_1",
                  CAST(NULL AS BIGINT)
                ),
                CAST(NULL AS BIGINT)
              ) IS NULL
            )
            OR (
              IFF(
                (
                  "t7"."rows_of_0" >= 1
                ) AND (
                  "t7"."rows_of_1" >= 1
                ),
                "t7"."now",
                CAST(NULL AS BIGINT)
              ) > IFF(
                "t7"."rows_of_1" >= 1,
                IFF(
                  (
                    "t7"."now" - "t7"."before_1"
                  ) <= 604800000000,
                  "t7"."before_1",
                  CAST(NULL AS BIGINT)
                ),
                CAST(NULL AS BIGINT)
              )
            )
            THEN IFF(
              (
                "t7"."rows_of_0" >= 1
              ) AND (
                "t7"."rows_of_1" >= 1
              ),
              "t7"."now",
              CAST(NULL AS BIGINT)
            )
            ELSE IFF(
              "t7"."rows_of_1" >= 1,
              IFF(
                (
                  "t7"."now" - "t7"."before_1"
                ) <= 604800000000,
                "t7"."before_1",
                CAST(NULL AS BIGINT)
              ),
              CAST(NULL AS BIGINT)
            )
          END AS "reached_2"
        FROM (
          SELECT
            "t6"."unit",
            "t6"."now",
            "t6"."rows_of_0",
            "t6"."rows_of_1",
            "t6"."reached_1",
            MAX("t6"."reached_1") OVER (
              PARTITION BY "t6"."unit"
              ORDER BY "t6"."now" ASC
              ROWS BETWEEN UNBOUNDED PRECEDING AND 1 preceding
            ) AS "before_1"
          FROM (
            SELECT
              "t5"."unit",
              "t5"."now",
              "t5"."rows_of_0",
              "t5"."rows_of_1",
              IFF("t5"."rows_of_0" >= 1, "t5"."now", CAST(NULL AS BIGINT)) AS "reached_1"
            FROM (
              SELECT
                "t4"."unit",
                "t4"."now",
                SUM(CAST("t4"."fills_0" AS BIGINT)) AS "rows_of_0",
                SUM(CAST("t4"."fills_1" AS BIGINT)) AS "rows_of_1"
              FROM (
                SELECT
                  *
                FROM (
                  SELECT
                    "t2"."unit",
                    "t2"."now",
                    (
                      "t2"."event" = 'visit'
                    ) AND TRUE AS "fills_0",
                    (
                      "t2"."event" = 'pay'
                    ) AND COALESCE("t2"."plan" IN ('pro', 'team'), FALSE) AS "fills_1"
                  FROM (
                    SELECT
                      "t1"."user_id",
                      "t1"."event",
                      "t1"."time",
                      "t1"."plan",
                      "t1"."amount",
                      DATE_PART('epoch_microsecond', "t1"."time") AS "now",
                      "t1"."user_id" AS "unit"
                    FROM (
                      SELECT
                        *
                      FROM "events" AS "t0"
                      WHERE
                        "t0"."user_id" IS NOT NULL
                        AND "t0"."event" IS NOT NULL
                        AND "t0"."time" IS NOT NULL
                        AND TRIM("t0"."user_id", ' \t\n\r\v\f') <> ''
                        AND TRIM("t0"."event", ' \t\n\r\v\f') <> ''
                        AND (
                          (
                            "t0"."event" = 'visit'
                          ) OR (
                            "t0"."event" = 'pay'
                          )
                        )
                    ) AS "t1"
                  ) AS "t2"
                ) AS "t3"
                WHERE
                  "t3"."fills_0" OR "t3"."fills_1"
              ) AS "t4"
              GROUP BY
                1,
                2
            ) AS "t5"
          ) AS "t6"
        ) AS "t7"
      ) AS "t8"
      GROUP BY
        1
    ) AS "t9"
    WHERE
      "t9"."level" > 0
  ) AS "t10"
  GROUP BY
    1
) AS "t11"
ORDER BY
  "t11"."level" ASC;
