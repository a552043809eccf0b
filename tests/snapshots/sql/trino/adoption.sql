WITH "t8" AS (
  SELECT
    *
  FROM (
    SELECT
      "t6"."unit",
      MIN("t6"."now") AS "since"
    FROM (
      SELECT
        "t3"."user_id" AS "unit",
        CAST(ROUND(TO_UNIXTIME("t3"."time") * 1000000, 0) AS BIGINT) AS "now"
      FROM (
        SELECT
          *
        FROM (
          SELECT
            *
          FROM "events" AS "t0"
          WHERE
            "t0"."user_id" IS NOT NULL
            AND "t0"."event" IS NOT NULL
            AND "t0"."time" IS NOT NULL
            AND TRIM(' \t\n\r\v\f' FROM "t0"."user_id") <> ''
            AND TRIM(' \t\n\r\v\f' FROM "t0"."event") <> ''
        ) AS "t2"
        WHERE
          "t2"."time" >= FROM_UNIXTIME_NANOS(1772409600000000000)
      ) AS "t3"
    ) AS "t6"
    GROUP BY
      1
  ) AS "t7"
  WHERE
    "t7"."since" < 1775343600000001
), "t12" AS (
  SELECT
    "t5"."unit",
    "t5"."now",
    "t11"."since"
  FROM (
    SELECT
      "t1"."user_id" AS "unit",
      CAST(ROUND(TO_UNIXTIME("t1"."time") * 1000000, 0) AS BIGINT) AS "now"
    FROM (
      SELECT
        *
      FROM "events" AS "t0"
      WHERE
        "t0"."user_id" IS NOT NULL
        AND "t0"."event" IS NOT NULL
        AND "t0"."time" IS NOT NULL
        AND TRIM(' \t\n\r\v\f' FROM "t0"."user_id") <> ''
        AND TRIM(' \t\n\r\v\f' FROM "t0"."event") <> ''
        AND "t0"."event" = 'export_used'
    ) AS "t1"
  ) AS "t5"
  INNER JOIN "t8" AS "t11"
    ON "t5"."unit" = "t11"."unit"
)
SELECT
  SUM(CAST((
    "t34"."since" + 604800000000
  ) < 1775343600000001 AS BIGINT)) AS "eligible",
  SUM(
    CAST(NOT (
      (
        "t34"."since" + 604800000000
      ) < 1775343600000001
    ) AS BIGINT)
  ) AS "immature",
  SUM(
    CAST((
      (
        "t34"."since" + 604800000000
      ) < 1775343600000001
    )
    AND (
      "t34"."interested_at" IS NOT NULL
    )
    AND (
      (
        "t34"."interested_at" - "t34"."since"
      ) <= 604800000000
    ) AS BIGINT)
  ) AS "interested",
  SUM(
    CAST((
      (
        "t34"."since" + 604800000000
      ) < 1775343600000001
    )
    AND (
      "t34"."tried_at" IS NOT NULL
    )
    AND (
      (
        "t34"."tried_at" - "t34"."since"
      ) <= 604800000000
    ) AS BIGINT)
  ) AS "tried",
  SUM(
    CAST((
      (
        "t34"."since" + 604800000000
      ) < 1775343600000001
    )
    AND (
      "t34"."adopted_at" IS NOT NULL
    )
    AND (
      (
        "t34"."adopted_at" - "t34"."since"
      ) <= 604800000000
    ) AS BIGINT)
  ) AS "adopted"
FROM (
  SELECT
    "t33"."unit",
    "t33"."since",
    COALESCE("t33"."early", FALSE) AS "early",
    "t33"."tried_at",
    "t33"."adopted_at",
    "t33"."interested_at"
  FROM (
    SELECT
      "t32"."unit",
      "t32"."since",
      "t32"."early",
      "t32"."tried_at",
      "t32"."adopted_at",
      "t32"."interested_at"
    FROM (
      SELECT
        "t31"."unit",
        "t31"."since",
        "t31"."early",
        "t31"."tried_at",
        "t31"."adopted_at",
        "t20"."unit" AS "unit_right",
        "t20"."interested_at"
      FROM (
        SELECT
          "t29"."unit",
          "t29"."since",
          "t29"."early",
          "t29"."tried_at",
          "t29"."adopted_at"
        FROM (
          SELECT
            "t24"."unit",
            "t24"."since",
            "t24"."early",
            "t28"."unit" AS "unit_right",
            "t28"."tried_at",
            "t28"."adopted_at"
          FROM (
            SELECT
              "t22"."unit",
              "t22"."since",
              "t22"."early"
            FROM (
              SELECT
                "t10"."unit",
                "t10"."since",
                "t19"."unit" AS "unit_right",
                "t19"."early"
              FROM "t8" AS "t10"
              LEFT OUTER JOIN (
                SELECT
                  "t15"."unit",
                  TRUE AS "early"
                FROM (
                  SELECT DISTINCT
                    "t13"."unit"
                  FROM "t12" AS "t13"
                  WHERE
                    "t13"."now" < "t13"."since"
                ) AS "t15"
              ) AS "t19"
                ON "t10"."unit" = "t19"."unit"
            ) AS "t22"
          ) AS "t24"
          LEFT OUTER JOIN (
            SELECT
              "t26"."unit",
              "t26"."tried_at",
              IF(
                (
                  "t26"."often" IS NOT NULL
                ) AND (
                  "t26"."long_enough" IS NOT NULL
                ),
                IF("t26"."often" > "t26"."long_enough", "t26"."often", "t26"."long_enough"),
                CAST(NULL AS BIGINT)
              ) AS "adopted_at"
            FROM (
              SELECT
                "t25"."unit",
                MIN("t25"."now") AS "tried_at",
                MIN("t25"."now") FILTER(WHERE
                  "t25"."use" = 1) AS "often",
                MIN("t25"."now") FILTER(WHERE
                  "t25"."day_number" = 1) AS "long_enough"
              FROM (
                SELECT
                  "t21"."unit",
                  "t21"."now",
                  "t21"."since",
                  "t21"."day",
                  "t21"."use",
                  (
                    DENSE_RANK() OVER (PARTITION BY "t21"."unit" ORDER BY "t21"."day" ASC) - 1
                  ) + 1 AS "day_number"
                FROM (
                  SELECT
                    "t16"."unit",
                    "t16"."now",
                    "t16"."since",
                    "t16"."day",
                    (
                      ROW_NUMBER() OVER (PARTITION BY "t16"."unit" ORDER BY "t16"."now" ASC) - 1
                    ) + 1 AS "use"
                  FROM (
                    SELECT
                      "t13"."unit",
                      "t13"."now",
                      "t13"."since",
                      CAST(FLOOR(CAST((
                        "t13"."now" + 0
                      ) AS DOUBLE) / (
                        86400000000
                      )) AS BIGINT) AS "day"
                    FROM "t12" AS "t13"
                    WHERE
                      "t13"."now" >= "t13"."since"
                  ) AS "t16"
                ) AS "t21"
              ) AS "t25"
              GROUP BY
                1
            ) AS "t26"
          ) AS "t28"
            ON "t24"."unit" = "t28"."unit"
        ) AS "t29"
      ) AS "t31"
      LEFT OUTER JOIN (
        SELECT
          "t14"."unit",
          MIN("t14"."now") AS "interested_at"
        FROM (
          SELECT
            *
          FROM "t12" AS "t13"
          WHERE
            "t13"."now" >= "t13"."since"
        ) AS "t14"
        GROUP BY
          1
      ) AS "t20"
        ON "t31"."unit" = "t20"."unit"
    ) AS "t32"
  ) AS "t33"
  WHERE
    NOT (
      COALESCE("t33"."early", FALSE)
    )
) AS "t34";
