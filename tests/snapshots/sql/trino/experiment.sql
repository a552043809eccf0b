WITH "t5" AS (
  SELECT
    *
  FROM (
    SELECT
      "t1"."user_id" AS "unit",
      "t1"."event" AS "variant",
      CAST(ROUND(TO_UNIXTIME("t1"."time") * 1000000, 0) AS BIGINT) AS "at",
      TRUE AS "fits",
      "t1"."plan",
      "t1"."amount"
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
        AND TRIM(' \t\n\r\v\f' FROM "t0"."user_id") <> ''
        AND TRIM(' \t\n\r\v\f' FROM "t0"."event") <> ''
        AND "t0"."event" = 'offered'
        AND "t0"."plan" IS NOT NULL
    ) AS "t1"
  ) AS "t3"
  WHERE
    "t3"."fits"
), "t14" AS (
  SELECT
    "t13"."unit",
    MIN("t13"."variant") AS "variant",
    MIN("t13"."at") AS "at"
  FROM (
    SELECT
      "t9"."unit",
      "t9"."variant",
      "t9"."at",
      "t9"."fits",
      "t9"."plan",
      "t9"."amount"
    FROM "t5" AS "t9"
    WHERE
      EXISTS(
        SELECT
          1
        FROM (
          SELECT
            *
          FROM (
            SELECT
              "t7"."unit",
              COUNT(DISTINCT "t7"."variant") AS "variants"
            FROM "t5" AS "t7"
            GROUP BY
              1
          ) AS "t10"
          WHERE
            "t10"."variants" = 1
        ) AS "t12"
        WHERE
          "t9"."unit" = "t12"."unit"
      )
  ) AS "t13"
  GROUP BY
    1
)
SELECT
  *
FROM (
  SELECT
    "t25"."variant",
    COUNT("t25"."value_0") AS "n_0",
    AVG("t25"."value_0") AS "mean_0",
    VARIANCE("t25"."value_0") AS "variance_0",
    SUM("t25"."value_0") AS "total_0"
  FROM (
    SELECT
      "t24"."unit",
      "t24"."variant",
      "t24"."at",
      IF(
        (
          "t24"."at" + 604800000000
        ) < 1775343600000001,
        COALESCE("t24"."value_0", CAST(0.0 AS DOUBLE)),
        CAST(NULL AS DOUBLE)
      ) AS "value_0"
    FROM (
      SELECT
        "t23"."unit",
        "t23"."variant",
        "t23"."at",
        "t23"."value_0"
      FROM (
        SELECT
          "t16"."unit",
          "t16"."variant",
          "t16"."at",
          "t22"."unit" AS "unit_right",
          "t22"."value_0"
        FROM "t14" AS "t16"
        LEFT OUTER JOIN (
          SELECT
            "t20"."unit",
            MAX(
              CAST((
                "t20"."event" = 'pay'
              )
              AND (
                (
                  "t20"."now" - "t20"."at"
                ) <= 604800000000
              ) AS DOUBLE)
            ) AS "value_0"
          FROM (
            SELECT
              *
            FROM (
              SELECT
                "t8"."unit",
                "t8"."now",
                "t8"."event",
                "t18"."at"
              FROM (
                SELECT
                  *
                FROM (
                  SELECT
                    "t2"."user_id" AS "unit",
                    CAST(ROUND(TO_UNIXTIME("t2"."time") * 1000000, 0) AS BIGINT) AS "now",
                    "t2"."event"
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
                      AND "t0"."event" IN ('pay')
                  ) AS "t2"
                ) AS "t4"
              ) AS "t8"
              INNER JOIN (
                SELECT
                  "t15"."unit",
                  "t15"."at"
                FROM "t14" AS "t15"
              ) AS "t18"
                ON "t8"."unit" = "t18"."unit"
            ) AS "t19"
            WHERE
              "t19"."now" >= "t19"."at"
          ) AS "t20"
          GROUP BY
            1
        ) AS "t22"
          ON "t16"."unit" = "t22"."unit"
      ) AS "t23"
    ) AS "t24"
  ) AS "t25"
  GROUP BY
    1
) AS "t26"
ORDER BY
  "t26"."variant" ASC;
