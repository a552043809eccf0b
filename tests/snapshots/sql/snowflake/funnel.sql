WITH "t6" AS (
  SELECT
    "t5"."unit",
    "t5"."now",
    "t5"."rows_of_0",
    "t5"."rows_of_1",
    "t5"."gets_to_0",
    "t5"."gets_to_1",
    MIN(IFF("t5"."gets_to_1" > 1, "t5"."now", CAST(NULL AS BIGINT))) OVER (
      PARTITION BY "t5"."unit"
      ORDER BY "t5"."now" ASC
      ROWS BETWEEN 1 following AND UNBOUNDED FOLLOWING
    ) AS "next_1"
  FROM (
    SELECT
      "t4"."unit",
      "t4"."now",
      "t4"."rows_of_0",
      "t4"."rows_of_1",
      CAST(CASE
        WHEN (
          "t4"."rows_of_0" >= 1
        ) AND (
          "t4"."rows_of_1" >= 1
        )
        THEN 2
        WHEN "t4"."rows_of_0" >= 1
        THEN 1
        ELSE 0
      END AS BIGINT) AS "gets_to_0",
      CAST(CASE WHEN "t4"."rows_of_1" >= 1 THEN 2 ELSE 1 END AS BIGINT) AS "gets_to_1"
    FROM (
      SELECT
        "t3"."unit",
        "t3"."now",
        SUM(CAST("t3"."fills_0" AS BIGINT)) AS "rows_of_0",
        SUM(CAST("t3"."fills_1" AS BIGINT)) AS "rows_of_1"
      FROM (
        SELECT
          *
        FROM (
          SELECT
            "t1"."user_id" AS "unit",
            DATE_PART('epoch_microsecond', "t1"."time") AS "now",
            "t1"."event" = 'visit' AS "fills_0",
            (
              "t1"."event" = 'pay'
            ) AND COALESCE("t1"."plan" IN ('pro', 'team'), FALSE) AS "fills_1"
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
              AND "t0"."event" IN ('visit', 'pay')
          ) AS "t1"
        ) AS "t2"
        WHERE
          "t2"."fills_0" OR "t2"."fills_1"
      ) AS "t3"
      GROUP BY
        1,
        2
    ) AS "t4"
  ) AS "t5"
)
SELECT
  *
FROM (
  SELECT
    "t17"."level",
    COUNT(*) AS "users",
    SUM(CAST((
      "t17"."level" < 2
    ) AND (
      "t17"."barred_at" IS NOT NULL
    ) AS BIGINT)) AS "excluded",
    SUM(
      CAST((
        "t17"."level" < 2
      )
      AND (
        (
          "t17"."last_entry" IS NOT NULL
        )
        AND COALESCE((
          "t17"."last_entry" + 604800000000
        ) >= 1775343600000001, FALSE)
      ) AS BIGINT)
    ) AS "unfinished"
  FROM (
    SELECT
      "t16"."unit",
      "t16"."level",
      "t16"."reached_1",
      "t16"."reached_2",
      "t16"."barred_at",
      "t16"."stopped_at",
      "t16"."last_entry"
    FROM (
      SELECT
        "t15"."unit",
        "t15"."level",
        "t15"."reached_1",
        "t15"."reached_2",
        "t15"."barred_at",
        "t15"."stopped_at",
        "t15"."last_entry",
        "t15"."when",
        ROW_NUMBER() OVER (
          PARTITION BY "t15"."unit"
          ORDER BY "t15"."level" DESC NULLS LAST, "t15"."when" ASC, "t15"."reached_1" DESC NULLS LAST
        ) - 1 AS "rank"
      FROM (
        SELECT
          "t14"."unit",
          "t14"."level",
          "t14"."reached_1",
          "t14"."reached_2",
          "t14"."barred_at",
          "t14"."stopped_at",
          MAX(
            IFF(
              (
                "t14"."barred_at" IS NULL
              ) AND (
                "t14"."stopped_at" IS NULL
              ),
              "t14"."reached_1",
              CAST(NULL AS BIGINT)
            )
          ) OVER (
            PARTITION BY "t14"."unit"
            ORDER BY NULL ASC
            ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
          ) AS "last_entry",
          CASE
            WHEN "t14"."level" = 1
            THEN "t14"."reached_1"
            WHEN "t14"."level" = 2
            THEN "t14"."reached_2"
            ELSE NULL
          END AS "when"
        FROM (
          SELECT
            "t13"."unit",
            "t13"."level",
            "t13"."reached_1",
            "t13"."reached_2",
            "t13"."barred_at",
            "t13"."stopped_at"
          FROM (
            SELECT
              "t12"."unit",
              IFF(
                "t12"."upcoming" IS NULL,
                "t12"."level",
                CASE
                  WHEN "t12"."level" = 1
                  THEN "t12"."gets_to_1_there"
                  ELSE CAST(NULL AS BIGINT)
                END
              ) AS "level",
              "t12"."reached_1",
              IFF(
                (
                  "t12"."reached_2" IS NULL
                )
                AND (
                  IFF(
                    "t12"."upcoming" IS NULL,
                    "t12"."level",
                    CASE
                      WHEN "t12"."level" = 1
                      THEN "t12"."gets_to_1_there"
                      ELSE CAST(NULL AS BIGINT)
                    END
                  ) >= 2
                ),
                "t12"."upcoming",
                "t12"."reached_2"
              ) AS "reached_2",
              "t12"."barred_at",
              IFF(
                (
                  "t12"."upcoming" IS NOT NULL
                )
                AND NOT (
                  IFF(
                    "t12"."upcoming" IS NULL,
                    "t12"."level",
                    CASE
                      WHEN "t12"."level" = 1
                      THEN "t12"."gets_to_1_there"
                      ELSE CAST(NULL AS BIGINT)
                    END
                  ) > "t12"."level"
                ),
                "t12"."upcoming",
                "t12"."stopped_at"
              ) AS "stopped_at",
              "t12"."upcoming",
              "t12"."unit_there",
              "t12"."now_there",
              "t12"."rows_of_0_there",
              "t12"."rows_of_1_there",
              "t12"."gets_to_0_there",
              "t12"."gets_to_1_there",
              "t12"."next_1_there",
              IFF(
                "t12"."upcoming" IS NULL,
                "t12"."level",
                CASE
                  WHEN "t12"."level" = 1
                  THEN "t12"."gets_to_1_there"
                  ELSE CAST(NULL AS BIGINT)
                END
              ) > "t12"."level" AS "moved"
            FROM (
              SELECT
                "t11"."unit",
                "t11"."level",
                "t11"."reached_1",
                "t11"."reached_2",
                "t11"."barred_at",
                "t11"."stopped_at",
                "t11"."upcoming",
                "t9"."unit_there",
                "t9"."now_there",
                "t9"."rows_of_0_there",
                "t9"."rows_of_1_there",
                "t9"."gets_to_0_there",
                "t9"."gets_to_1_there",
                "t9"."next_1_there"
              FROM (
                SELECT
                  "t7"."unit",
                  "t7"."gets_to_0" AS "level",
                  IFF("t7"."gets_to_0" >= 1, "t7"."now", CAST(NULL AS BIGINT)) AS "reached_1",
                  IFF("t7"."gets_to_0" >= 2, "t7"."now", CAST(NULL AS BIGINT)) AS "reached_2",
                  CAST(NULL AS BIGINT) AS "barred_at",
                  CAST(NULL AS BIGINT) AS "stopped_at",
                  IFF(
                    CAST(NULL AS BIGINT) IS NULL,
                    CASE
                      WHEN "t7"."gets_to_0" = 1
                      THEN IFF(
                        (
                          "t7"."next_1" - IFF("t7"."gets_to_0" >= 1, "t7"."now", CAST(NULL AS BIGINT))
                        ) <= 604800000000,
                        "t7"."next_1",
                        CAST(NULL AS BIGINT)
                      )
                      ELSE CAST(NULL AS BIGINT)
                    END,
                    CAST(NULL AS BIGINT)
                  ) AS "upcoming"
                FROM "t6" AS "t7"
                WHERE
                  "t7"."gets_to_0" > 0
              ) AS "t11"
              LEFT OUTER JOIN (
                SELECT
                  "t7"."unit" AS "unit_there",
                  "t7"."now" AS "now_there",
                  "t7"."rows_of_0" AS "rows_of_0_there",
                  "t7"."rows_of_1" AS "rows_of_1_there",
                  "t7"."gets_to_0" AS "gets_to_0_there",
                  "t7"."gets_to_1" AS "gets_to_1_there",
                  "t7"."next_1" AS "next_1_there"
                FROM "t6" AS "t7"
              ) AS "t9"
                ON "t11"."unit" = "t9"."unit_there" AND "t11"."upcoming" = "t9"."now_there"
            ) AS "t12"
          ) AS "t13"
          WHERE
            (
              "t13"."reached_1" + 604800000000
            ) < 1775343600000001
        ) AS "t14"
      ) AS "t15"
    ) AS "t16"
    WHERE
      "t16"."rank" = 0
  ) AS "t17"
  GROUP BY
    1
) AS "t18"
ORDER BY
  "t18"."level" ASC;
