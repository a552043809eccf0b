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
        ) AS "t1"
        WHERE
          "t1"."time" >= FROM_UNIXTIME_NANOS(1772409600000000000)
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
    "t5"."event",
    "t5"."now",
    "t11"."since"
  FROM (
    SELECT
      "t2"."user_id" AS "unit",
      "t2"."event",
      CAST(ROUND(TO_UNIXTIME("t2"."time") * 1000000, 0) AS BIGINT) AS "now"
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
        AND "t0"."event" IN ('export_used')
    ) AS "t2"
  ) AS "t5"
  INNER JOIN "t8" AS "t11"
    ON "t5"."unit" = "t11"."unit"
)
SELECT
  SUM(
    CAST(NOT (
      "t28"."early"
    )
    AND (
      (
        "t28"."since" + 604800000000
      ) < 1775343600000001
    ) AS BIGINT)
  ) AS "eligible",
  SUM(
    CAST(NOT (
      "t28"."early"
    )
    AND NOT (
      (
        "t28"."since" + 604800000000
      ) < 1775343600000001
    ) AS BIGINT)
  ) AS "immature",
  SUM(
    CAST(NOT (
      "t28"."early"
    )
    AND (
      (
        (
          "t28"."since" + 604800000000
        ) < 1775343600000001
      )
      AND (
        "t28"."aware_at" IS NOT NULL
      )
      AND COALESCE((
        "t28"."aware_at" - "t28"."since"
      ) <= 604800000000, FALSE)
    ) AS BIGINT)
  ) AS "aware",
  SUM(
    CAST(NOT (
      "t28"."early"
    )
    AND (
      (
        (
          "t28"."since" + 604800000000
        ) < 1775343600000001
      )
      AND (
        "t28"."interested_at" IS NOT NULL
      )
      AND COALESCE((
        "t28"."interested_at" - "t28"."since"
      ) <= 604800000000, FALSE)
    ) AS BIGINT)
  ) AS "interested",
  SUM(
    CAST(NOT (
      "t28"."early"
    )
    AND (
      (
        (
          "t28"."since" + 604800000000
        ) < 1775343600000001
      )
      AND (
        "t28"."tried_at" IS NOT NULL
      )
      AND COALESCE((
        "t28"."tried_at" - "t28"."since"
      ) <= 604800000000, FALSE)
    ) AS BIGINT)
  ) AS "tried",
  SUM(
    CAST(NOT (
      "t28"."early"
    )
    AND (
      (
        (
          "t28"."since" + 604800000000
        ) < 1775343600000001
      )
      AND (
        "t28"."adopted_at" IS NOT NULL
      )
      AND COALESCE((
        "t28"."adopted_at" - "t28"."since"
      ) <= 604800000000, FALSE)
    ) AS BIGINT)
  ) AS "adopted",
  SUM(CAST("t28"."early" AS BIGINT)) AS "early"
FROM (
  SELECT
    "t27"."unit",
    "t27"."since",
    COALESCE("t27"."early", FALSE) AS "early",
    "t27"."tried_at",
    "t27"."adopted_at",
    "t27"."aware_at",
    "t27"."interested_at"
  FROM (
    SELECT
      "t26"."unit",
      "t26"."since",
      "t26"."early",
      "t26"."tried_at",
      "t26"."adopted_at",
      "t26"."aware_at",
      "t26"."interested_at"
    FROM (
      SELECT
        "t21"."unit",
        "t21"."since",
        "t21"."early",
        "t25"."unit" AS "unit_right",
        "t25"."tried_at",
        "t25"."adopted_at",
        "t25"."aware_at",
        "t25"."interested_at"
      FROM (
        SELECT
          "t19"."unit",
          "t19"."since",
          "t19"."early"
        FROM (
          SELECT
            "t10"."unit",
            "t10"."since",
            "t17"."unit" AS "unit_right",
            "t17"."early"
          FROM "t8" AS "t10"
          LEFT OUTER JOIN (
            SELECT
              "t14"."unit",
              TRUE AS "early"
            FROM (
              SELECT DISTINCT
                "t13"."unit"
              FROM "t12" AS "t13"
              WHERE
                "t13"."now" < "t13"."since"
            ) AS "t14"
          ) AS "t17"
            ON "t10"."unit" = "t17"."unit"
        ) AS "t19"
      ) AS "t21"
      LEFT OUTER JOIN (
        SELECT
          "t23"."unit",
          "t23"."tried_at",
          IF(
            (
              "t23"."often" IS NOT NULL
            ) AND (
              "t23"."long_enough" IS NOT NULL
            ),
            IF("t23"."often" > "t23"."long_enough", "t23"."often", "t23"."long_enough"),
            CAST(NULL AS BIGINT)
          ) AS "adopted_at",
          "t23"."tried_at" AS "aware_at",
          "t23"."tried_at" AS "interested_at"
        FROM (
          SELECT
            "t22"."unit",
            MIN("t22"."now") AS "tried_at",
            MIN("t22"."now") FILTER(WHERE
              "t22"."use" = 1) AS "often",
            MIN("t22"."now") FILTER(WHERE
              "t22"."day_number" = 1) AS "long_enough"
          FROM (
            SELECT
              "t18"."unit",
              "t18"."event",
              "t18"."now",
              "t18"."since",
              "t18"."local_day",
              "t18"."use",
              (
                DENSE_RANK() OVER (PARTITION BY "t18"."unit" ORDER BY "t18"."local_day" ASC) - 1
              ) + 1 AS "day_number"
            FROM (
              SELECT
                "t15"."unit",
                "t15"."event",
                "t15"."now",
                "t15"."since",
                "t15"."local_day",
                (
                  ROW_NUMBER() OVER (PARTITION BY "t15"."unit" ORDER BY "t15"."now" ASC) - 1
                ) + 1 AS "use"
              FROM (
                SELECT
                  "t13"."unit",
                  "t13"."event",
                  "t13"."now",
                  "t13"."since",
                  CAST(FLOOR(CAST((
                    "t13"."now" + 0
                  ) AS DOUBLE) / (
                    86400000000
                  )) AS BIGINT) AS "local_day"
                FROM "t12" AS "t13"
                WHERE
                  "t13"."now" >= "t13"."since"
              ) AS "t15"
            ) AS "t18"
          ) AS "t22"
          GROUP BY
            1
        ) AS "t23"
      ) AS "t25"
        ON "t21"."unit" = "t25"."unit"
    ) AS "t26"
  ) AS "t27"
) AS "t28";
