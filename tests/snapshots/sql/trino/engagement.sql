SELECT
  *
FROM (
  SELECT
    "t7"."day",
    SUM(
      CAST((
        (
          "t7"."day" - "t7"."before"
        ) IS NULL
      )
      OR (
        (
          "t7"."day" - "t7"."before"
        ) > 1
      ) AS BIGINT)
    ) AS "entered_1",
    SUM(
      CAST((
        (
          "t7"."after" - "t7"."day"
        ) IS NULL
      )
      OR (
        (
          "t7"."after" - "t7"."day"
        ) > 1
      ) AS BIGINT)
    ) AS "last_1",
    SUM(
      CAST((
        (
          "t7"."day" - "t7"."before"
        ) IS NULL
      )
      OR (
        (
          "t7"."day" - "t7"."before"
        ) > 7
      ) AS BIGINT)
    ) AS "entered_7",
    SUM(
      CAST((
        (
          "t7"."after" - "t7"."day"
        ) IS NULL
      )
      OR (
        (
          "t7"."after" - "t7"."day"
        ) > 7
      ) AS BIGINT)
    ) AS "last_7",
    SUM(
      CAST((
        (
          "t7"."day" - "t7"."before"
        ) IS NULL
      )
      OR (
        (
          "t7"."day" - "t7"."before"
        ) > 28
      ) AS BIGINT)
    ) AS "entered_28",
    SUM(
      CAST((
        (
          "t7"."after" - "t7"."day"
        ) IS NULL
      )
      OR (
        (
          "t7"."after" - "t7"."day"
        ) > 28
      ) AS BIGINT)
    ) AS "last_28"
  FROM (
    SELECT
      "t6"."unit",
      "t6"."day",
      LAG("t6"."day") OVER (PARTITION BY "t6"."unit" ORDER BY "t6"."day" ASC) AS "before",
      LEAD("t6"."day") OVER (PARTITION BY "t6"."unit" ORDER BY "t6"."day" ASC) AS "after"
    FROM (
      SELECT DISTINCT
        "t5"."unit",
        "t5"."period" AS "day"
      FROM (
        SELECT
          "t4"."user_id" AS "unit",
          CAST(FLOOR(
            CAST((
              CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) + CASE
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1837645200000000
                THEN 7200000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1824944400000000
                THEN 3600000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1806195600000000
                THEN 7200000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1792890000000000
                THEN 3600000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1774746000000000
                THEN 7200000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1761440400000000
                THEN 3600000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1743296400000000
                THEN 7200000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1729990800000000
                THEN 3600000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1711846800000000
                THEN 7200000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1698541200000000
                THEN 3600000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1679792400000000
                THEN 7200000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1667091600000000
                THEN 3600000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1648342800000000
                THEN 7200000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1635642000000000
                THEN 3600000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1616893200000000
                THEN 7200000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1603587600000000
                THEN 3600000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1585443600000000
                THEN 7200000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1572138000000000
                THEN 3600000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1553994000000000
                THEN 7200000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1540688400000000
                THEN 3600000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1521939600000000
                THEN 7200000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1509238800000000
                THEN 3600000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1490490000000000
                THEN 7200000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1477789200000000
                THEN 3600000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1459040400000000
                THEN 7200000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1445734800000000
                THEN 3600000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1427590800000000
                THEN 7200000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1414285200000000
                THEN 3600000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1396141200000000
                THEN 7200000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1382835600000000
                THEN 3600000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1364691600000000
                THEN 7200000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1351386000000000
                THEN 3600000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1332637200000000
                THEN 7200000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1319936400000000
                THEN 3600000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1301187600000000
                THEN 7200000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1288486800000000
                THEN 3600000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1269738000000000
                THEN 7200000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1256432400000000
                THEN 3600000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1238288400000000
                THEN 7200000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1224982800000000
                THEN 3600000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1206838800000000
                THEN 7200000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1193533200000000
                THEN 3600000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1174784400000000
                THEN 7200000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1162083600000000
                THEN 3600000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1143334800000000
                THEN 7200000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1130634000000000
                THEN 3600000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1111885200000000
                THEN 7200000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1099184400000000
                THEN 3600000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1080435600000000
                THEN 7200000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1067130000000000
                THEN 3600000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1048986000000000
                THEN 7200000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1035680400000000
                THEN 3600000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1017536400000000
                THEN 7200000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 1004230800000000
                THEN 3600000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 985482000000000
                THEN 7200000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 972781200000000
                THEN 3600000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 954032400000000
                THEN 7200000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 941331600000000
                THEN 3600000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 922582800000000
                THEN 7200000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 909277200000000
                THEN 3600000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 891133200000000
                THEN 7200000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 877827600000000
                THEN 3600000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 859683600000000
                THEN 7200000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 846378000000000
                THEN 3600000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 828234000000000
                THEN 7200000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 811904400000000
                THEN 3600000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 796179600000000
                THEN 7200000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 780454800000000
                THEN 3600000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 764730000000000
                THEN 7200000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 749005200000000
                THEN 3600000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 733280400000000
                THEN 7200000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 717555600000000
                THEN 3600000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 701830800000000
                THEN 7200000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 686106000000000
                THEN 3600000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 670381200000000
                THEN 7200000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 654656400000000
                THEN 3600000000
                WHEN CAST(ROUND(TO_UNIXTIME("t4"."time") * 1000000, 0) AS BIGINT) >= 638326800000000
                THEN 7200000000
                ELSE 3600000000
              END
            ) AS DOUBLE) / (
              86400000000
            )
          ) AS BIGINT) AS "period",
          1 AS "events"
        FROM (
          SELECT
            *
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
              ) AS "t1"
              WHERE
                "t1"."time" < FROM_UNIXTIME_NANOS(1775080800000000000)
            ) AS "t2"
            WHERE
              "t2"."time" >= FROM_UNIXTIME_NANOS(1772319600000000000)
          ) AS "t3"
          WHERE
            "t3"."event" IN ('visit', 'pay')
        ) AS "t4"
      ) AS "t5"
    ) AS "t6"
  ) AS "t7"
  GROUP BY
    1
) AS "t8"
ORDER BY
  "t8"."day" ASC;
