WITH "t3" AS (
  SELECT
    "t1"."user_id" AS "unit",
    DATE_PART('epoch_microsecond', "t1"."time") AS "now",
    "t1"."event"
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
      AND "t0"."event" IN ('pay')
  ) AS "t1"
), "t6" AS (
  SELECT
    "t4"."unit",
    MIN("t4"."variant") AS "variant",
    MIN("t4"."at") AS "at"
  FROM (
    SELECT
      "t2"."user_id" AS "unit",
      "t2"."event" AS "variant",
      DATE_PART('epoch_microsecond', "t2"."time") AS "at",
      TRUE AS "fits"
    FROM (
      SELECT
        "t0"."user_id",
        "t0"."plan" AS "event",
        "t0"."time",
        "t0"."plan",
        "t0"."amount"
      FROM "events" AS "t0"
      WHERE
        "t0"."user_id" IS NOT NULL
        AND "t0"."event" IS NOT NULL
        AND "t0"."time" IS NOT NULL
        AND TRIM("t0"."user_id", ' \t\n\r\v\f') <> ''
        AND TRIM("t0"."event", ' \t\n\r\v\f') <> ''
        AND "t0"."event" = 'offered'
        AND "t0"."plan" IS NOT NULL
    ) AS "t2"
  ) AS "t4"
  GROUP BY
    1
)
SELECT
  COUNT(
    DISTINCT IFF(
      (
        "t22"."event" = 'pay'
      )
      AND (
        (
          "t22"."now" - "t22"."at"
        ) < 0
      )
      AND (
        (
          "t22"."now" - "t22"."at"
        ) >= -3600000000
      ),
      "t22"."unit",
      NULL
    )
  ) AS "before_0",
  COUNT(
    DISTINCT IFF(
      (
        "t22"."event" = 'pay'
      )
      AND (
        (
          "t22"."now" - "t22"."at"
        ) >= 0
      )
      AND (
        (
          "t22"."now" - "t22"."at"
        ) <= 3600000000
      ),
      "t22"."unit",
      NULL
    )
  ) AS "after_0"
FROM (
  SELECT
    "t10"."unit",
    "t10"."now",
    "t10"."event",
    "t21"."variant",
    "t21"."at"
  FROM (
    SELECT
      *
    FROM "t3" AS "t5"
    WHERE
      "t5"."now" >= 1772334000000000 AND "t5"."now" <= 1775340000000000
  ) AS "t10"
  INNER JOIN (
    SELECT
      "t19"."unit",
      "t19"."variant",
      "t19"."at"
    FROM (
      SELECT
        "t18".*
        EXCLUDE ("unit_right")
      FROM (
        SELECT
          "t12"."unit",
          "t12"."variant",
          "t12"."at",
          "t17"."unit" AS "unit_right",
          "t17"."value_0"
        FROM "t6" AS "t12"
        LEFT OUTER JOIN (
          SELECT
            "t15"."unit",
            MAX(
              CAST(COALESCE(
                (
                  (
                    "t15"."now" - "t15"."at"
                  ) >= 0
                )
                AND (
                  (
                    "t15"."now" - "t15"."at"
                  ) <= 604800000000
                )
                AND (
                  "t15"."event" = 'pay'
                ),
                FALSE
              ) AS DOUBLE)
            ) AS "value_0"
          FROM (
            SELECT
              "t11"."unit",
              "t11"."now",
              "t11"."event",
              "t14"."variant",
              "t14"."at"
            FROM (
              SELECT
                *
              FROM "t3" AS "t5"
              WHERE
                "t5"."now" >= 1772337600000000 AND "t5"."now" <= 1775941200000000
            ) AS "t11"
            INNER JOIN (
              SELECT
                *
              FROM "t6" AS "t9"
            ) AS "t14"
              ON "t11"."unit" = "t14"."unit"
          ) AS "t15"
          GROUP BY
            1
        ) AS "t17"
          ON "t12"."unit" = "t17"."unit"
      ) AS "t18"
    ) AS "t19"
  ) AS "t21"
    ON "t10"."unit" = "t21"."unit"
) AS "t22";
