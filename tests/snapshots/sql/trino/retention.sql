WITH "t5" AS (
  SELECT
    "t4"."unit",
    "t4"."period",
    MIN("t4"."now") FILTER(WHERE
      "t4"."enters") AS "entered",
    SUM(CAST("t4"."returns" AS BIGINT)) AS "returns"
  FROM (
    SELECT
      "t3"."user_id" AS "unit",
      CAST(ROUND(TO_UNIXTIME("t3"."time") * 1000000, 0) AS BIGINT) AS "now",
      CAST(FLOOR(
        CAST((
          CAST(FLOOR(
            CAST((
              CAST(ROUND(TO_UNIXTIME("t3"."time") * 1000000, 0) AS BIGINT) + 0
            ) AS DOUBLE) / (
              86400000000
            )
          ) AS BIGINT) + 3
        ) AS DOUBLE) / (
          7
        )
      ) AS BIGINT) AS "period",
      (
        "t3"."event" = 'visit'
      )
      AND TRUE
      AND (
        (
          CAST(ROUND(TO_UNIXTIME("t3"."time") * 1000000, 0) AS BIGINT) >= 1772323200000000
        )
        AND (
          CAST(ROUND(TO_UNIXTIME("t3"."time") * 1000000, 0) AS BIGINT) < 1775001600000000
        )
      ) AS "enters",
      (
        (
          "t3"."event" = 'visit'
        ) OR (
          "t3"."event" = 'pay'
        )
      ) AND TRUE AS "returns"
    FROM (
      SELECT
        *
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
            AND "t0"."event" IN ('visit', 'pay')
        ) AS "t1"
        WHERE
          "t1"."time" >= FROM_UNIXTIME_NANOS(1771804800000000000)
      ) AS "t2"
      WHERE
        "t2"."time" < FROM_UNIXTIME_NANOS(1775433600000000000)
    ) AS "t3"
  ) AS "t4"
  GROUP BY
    1,
    2
)
SELECT
  *
FROM (
  SELECT
    *
  FROM (
    SELECT
      "t7"."cohort",
      "t7"."period_number",
      COUNT(*) AS "users"
    FROM (
      SELECT
        "t6"."unit",
        "t6"."period" AS "cohort",
        "t6"."entered" AS "entry",
        -1 AS "period_number"
      FROM "t5" AS "t6"
      WHERE
        "t6"."entered" IS NOT NULL
    ) AS "t7"
    GROUP BY
      1,
      2
  ) AS "t11"
  UNION ALL
  SELECT
    *
  FROM (
    SELECT
      "t16"."cohort",
      "t16"."period_number",
      COUNT(*) AS "users"
    FROM (
      SELECT
        "t15"."unit",
        "t15"."period",
        "t15"."back",
        "t15"."cohort",
        "t15"."entry",
        "t15"."period" - "t15"."cohort" AS "period_number"
      FROM (
        SELECT
          "t14"."unit",
          "t14"."period",
          "t14"."back",
          "t14"."cohort",
          "t10"."entry"
        FROM (
          SELECT
            "t12"."unit",
            "t12"."period",
            "t12"."back",
            "t12"."period" - CAST("t12"."back" AS BIGINT) AS "cohort"
          FROM (
            SELECT
              "t9"."unit",
              "t9"."period",
              IF(_u.pos = _u_2.pos_2, _u_2."back") AS "back"
            FROM (
              SELECT
                "t6"."unit",
                "t6"."period"
              FROM "t5" AS "t6"
              WHERE
                "t6"."returns" >= 1 AND "t6"."period" <= 2934
            ) AS "t9"
            CROSS JOIN UNNEST(SEQUENCE(
              1,
              GREATEST(
                CARDINALITY(
                  IF(
                    NULLIF(1, 0) IS NOT NULL AND SIGN(1) = SIGN(3 - 0),
                    ARRAY_REMOVE(SEQUENCE(0, 3, 1), 3),
                    ARRAY[]
                  )
                )
              )
            )) AS _u(pos)
            CROSS JOIN UNNEST(IF(
              NULLIF(1, 0) IS NOT NULL AND SIGN(1) = SIGN(3 - 0),
              ARRAY_REMOVE(SEQUENCE(0, 3, 1), 3),
              ARRAY[]
            )) WITH ORDINALITY AS _u_2("back", pos_2)
            WHERE
              _u.pos = _u_2.pos_2
              OR (
                _u.pos > CARDINALITY(
                  IF(
                    NULLIF(1, 0) IS NOT NULL AND SIGN(1) = SIGN(3 - 0),
                    ARRAY_REMOVE(SEQUENCE(0, 3, 1), 3),
                    ARRAY[]
                  )
                )
                AND _u_2.pos_2 = CARDINALITY(
                  IF(
                    NULLIF(1, 0) IS NOT NULL AND SIGN(1) = SIGN(3 - 0),
                    ARRAY_REMOVE(SEQUENCE(0, 3, 1), 3),
                    ARRAY[]
                  )
                )
              )
          ) AS "t12"
        ) AS "t14"
        INNER JOIN (
          SELECT
            "t6"."unit",
            "t6"."period" AS "cohort",
            "t6"."entered" AS "entry"
          FROM "t5" AS "t6"
          WHERE
            "t6"."entered" IS NOT NULL
        ) AS "t10"
          ON "t14"."unit" = "t10"."unit" AND "t14"."cohort" = "t10"."cohort"
      ) AS "t15"
      WHERE
        (
          "t15"."period" - "t15"."cohort"
        ) >= 0
        AND (
          "t15"."period" - "t15"."cohort"
        ) <= 2
    ) AS "t16"
    GROUP BY
      1,
      2
  ) AS "t17"
) AS "t18"
ORDER BY
  "t18"."cohort" ASC,
  "t18"."period_number" ASC;
