WITH "t5" AS (
  SELECT
    "t3"."unit",
    MIN("t3"."variant") AS "variant",
    MIN("t3"."at") AS "at"
  FROM (
    SELECT
      "t1"."user_id" AS "unit",
      "t1"."event" AS "variant",
      CAST(ROUND(TO_UNIXTIME("t1"."time") * 1000000, 0) AS BIGINT) AS "at",
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
        AND TRIM(' \t\n\r\v\f' FROM "t0"."user_id") <> ''
        AND TRIM(' \t\n\r\v\f' FROM "t0"."event") <> ''
        AND "t0"."event" = 'offered'
        AND "t0"."plan" IS NOT NULL
    ) AS "t1"
  ) AS "t3"
  GROUP BY
    1
)
SELECT
  "t17"."variant",
  COUNT(*) AS "rows",
  SUM(CAST("t17"."value_0" IS NULL AS BIGINT)) AS "incomplete",
  MIN("t17"."value_0") AS "m0_low",
  SUM("t17"."value_0" - CAST(0.0 AS DOUBLE)) AS "m0_s0",
  SUM(
    (
      "t17"."value_0" - CAST(0.0 AS DOUBLE)
    ) * (
      "t17"."value_0" - CAST(0.0 AS DOUBLE)
    )
  ) AS "m0_p0_0"
FROM (
  SELECT
    "t16"."unit",
    "t16"."variant",
    "t16"."at",
    COALESCE("t16"."near_0", 0) AS "near_0",
    IF(
      (
        "t16"."at" + 604800000000
      ) < 1775343600000001,
      COALESCE("t16"."value_0", CAST(0.0 AS DOUBLE)),
      CAST(NULL AS DOUBLE)
    ) AS "value_0"
  FROM (
    SELECT
      "t15"."unit",
      "t15"."variant",
      "t15"."at",
      "t15"."near_0",
      "t15"."value_0"
    FROM (
      SELECT
        "t9"."unit",
        "t9"."variant",
        "t9"."at",
        "t14"."unit" AS "unit_right",
        "t14"."near_0",
        "t14"."value_0"
      FROM "t5" AS "t9"
      LEFT OUTER JOIN (
        SELECT
          "t12"."unit",
          BITWISE_OR_AGG(
            IF(
              (
                (
                  "t12"."now" - "t12"."at"
                ) >= -3600000000
              )
              AND (
                (
                  "t12"."now" - "t12"."at"
                ) <= 3600000000
              ),
              IF(
                (
                  "t12"."now" - "t12"."at"
                ) < 0,
                CASE WHEN "t12"."event" = 'pay' THEN 1 ELSE 0 END,
                CASE WHEN "t12"."event" = 'pay' THEN 2 ELSE 0 END
              ),
              0
            )
          ) AS "near_0",
          MAX(
            CAST(COALESCE(
              (
                (
                  "t12"."now" - "t12"."at"
                ) >= 0
              )
              AND (
                (
                  "t12"."now" - "t12"."at"
                ) <= 604800000000
              )
              AND (
                "t12"."event" = 'pay'
              ),
              FALSE
            ) AS DOUBLE)
          ) AS "value_0"
        FROM (
          SELECT
            "t8"."unit",
            "t8"."now",
            "t8"."event",
            "t11"."variant",
            "t11"."at"
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
            WHERE
              "t4"."now" >= 1772334000000000 AND "t4"."now" <= 1775941200000000
          ) AS "t8"
          INNER JOIN (
            SELECT
              *
            FROM "t5" AS "t7"
          ) AS "t11"
            ON "t8"."unit" = "t11"."unit"
        ) AS "t12"
        GROUP BY
          1
      ) AS "t14"
        ON "t9"."unit" = "t14"."unit"
    ) AS "t15"
  ) AS "t16"
) AS "t17"
GROUP BY
  1;
