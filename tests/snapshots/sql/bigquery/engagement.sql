SELECT
  *
FROM (
  SELECT
    `t4`.`day`,
    SUM(
      CAST((
        (
          `t4`.`day` - `t4`.`before`
        ) IS NULL
      )
      OR (
        (
          `t4`.`day` - `t4`.`before`
        ) > 1
      ) AS INT64)
    ) AS `entered_1`,
    SUM(
      CAST((
        (
          `t4`.`after` - `t4`.`day`
        ) IS NULL
      )
      OR (
        (
          `t4`.`after` - `t4`.`day`
        ) > 1
      ) AS INT64)
    ) AS `last_1`,
    SUM(
      CAST((
        (
          `t4`.`day` - `t4`.`before`
        ) IS NULL
      )
      OR (
        (
          `t4`.`day` - `t4`.`before`
        ) > 7
      ) AS INT64)
    ) AS `entered_7`,
    SUM(
      CAST((
        (
          `t4`.`after` - `t4`.`day`
        ) IS NULL
      )
      OR (
        (
          `t4`.`after` - `t4`.`day`
        ) > 7
      ) AS INT64)
    ) AS `last_7`,
    SUM(
      CAST((
        (
          `t4`.`day` - `t4`.`before`
        ) IS NULL
      )
      OR (
        (
          `t4`.`day` - `t4`.`before`
        ) > 28
      ) AS INT64)
    ) AS `entered_28`,
    SUM(
      CAST((
        (
          `t4`.`after` - `t4`.`day`
        ) IS NULL
      )
      OR (
        (
          `t4`.`after` - `t4`.`day`
        ) > 28
      ) AS INT64)
    ) AS `last_28`
  FROM (
    SELECT
      `t3`.`unit`,
      `t3`.`day`,
      LAG(`t3`.`day`) OVER (PARTITION BY `t3`.`unit` ORDER BY `t3`.`day` ASC) AS `before`,
      LEAD(`t3`.`day`) OVER (PARTITION BY `t3`.`unit` ORDER BY `t3`.`day` ASC) AS `after`
    FROM (
      SELECT DISTINCT
        `t2`.`unit`,
        `t2`.`period` AS `day`
      FROM (
        SELECT
          `t1`.`user_id` AS `unit`,
          CAST(FLOOR(
            ieee_divide(
              UNIX_MICROS(`t1`.`time`) + CASE
                WHEN UNIX_MICROS(`t1`.`time`) >= 1837645200000000
                THEN 7200000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1824944400000000
                THEN 3600000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1806195600000000
                THEN 7200000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1792890000000000
                THEN 3600000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1774746000000000
                THEN 7200000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1761440400000000
                THEN 3600000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1743296400000000
                THEN 7200000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1729990800000000
                THEN 3600000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1711846800000000
                THEN 7200000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1698541200000000
                THEN 3600000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1679792400000000
                THEN 7200000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1667091600000000
                THEN 3600000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1648342800000000
                THEN 7200000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1635642000000000
                THEN 3600000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1616893200000000
                THEN 7200000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1603587600000000
                THEN 3600000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1585443600000000
                THEN 7200000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1572138000000000
                THEN 3600000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1553994000000000
                THEN 7200000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1540688400000000
                THEN 3600000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1521939600000000
                THEN 7200000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1509238800000000
                THEN 3600000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1490490000000000
                THEN 7200000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1477789200000000
                THEN 3600000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1459040400000000
                THEN 7200000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1445734800000000
                THEN 3600000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1427590800000000
                THEN 7200000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1414285200000000
                THEN 3600000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1396141200000000
                THEN 7200000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1382835600000000
                THEN 3600000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1364691600000000
                THEN 7200000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1351386000000000
                THEN 3600000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1332637200000000
                THEN 7200000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1319936400000000
                THEN 3600000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1301187600000000
                THEN 7200000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1288486800000000
                THEN 3600000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1269738000000000
                THEN 7200000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1256432400000000
                THEN 3600000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1238288400000000
                THEN 7200000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1224982800000000
                THEN 3600000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1206838800000000
                THEN 7200000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1193533200000000
                THEN 3600000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1174784400000000
                THEN 7200000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1162083600000000
                THEN 3600000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1143334800000000
                THEN 7200000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1130634000000000
                THEN 3600000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1111885200000000
                THEN 7200000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1099184400000000
                THEN 3600000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1080435600000000
                THEN 7200000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1067130000000000
                THEN 3600000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1048986000000000
                THEN 7200000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1035680400000000
                THEN 3600000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1017536400000000
                THEN 7200000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 1004230800000000
                THEN 3600000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 985482000000000
                THEN 7200000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 972781200000000
                THEN 3600000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 954032400000000
                THEN 7200000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 941331600000000
                THEN 3600000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 922582800000000
                THEN 7200000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 909277200000000
                THEN 3600000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 891133200000000
                THEN 7200000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 877827600000000
                THEN 3600000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 859683600000000
                THEN 7200000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 846378000000000
                THEN 3600000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 828234000000000
                THEN 7200000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 811904400000000
                THEN 3600000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 796179600000000
                THEN 7200000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 780454800000000
                THEN 3600000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 764730000000000
                THEN 7200000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 749005200000000
                THEN 3600000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 733280400000000
                THEN 7200000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 717555600000000
                THEN 3600000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 701830800000000
                THEN 7200000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 686106000000000
                THEN 3600000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 670381200000000
                THEN 7200000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 654656400000000
                THEN 3600000000
                WHEN UNIX_MICROS(`t1`.`time`) >= 638326800000000
                THEN 7200000000
                ELSE 3600000000
              END,
              86400000000
            )
          ) AS INT64) AS `period`,
          1 AS `events`
        FROM (
          SELECT
            *
          FROM `events` AS `t0`
          WHERE
            `t0`.`user_id` IS NOT NULL
            AND `t0`.`event` IS NOT NULL
            AND `t0`.`time` IS NOT NULL
            AND TRIM(`t0`.`user_id`, ' \t\n\r\v\f') <> ''
            AND TRIM(`t0`.`event`, ' \t\n\r\v\f') <> ''
            AND `t0`.`time` < TIMESTAMP('2026-04-01T22:00:00+00:00')
            AND `t0`.`time` >= TIMESTAMP('2026-02-28T23:00:00+00:00')
            AND `t0`.`event` IN ('visit', 'pay')
        ) AS `t1`
      ) AS `t2`
    ) AS `t3`
  ) AS `t4`
  GROUP BY
    1
) AS `t5`
ORDER BY
  `t5`.`day` ASC NULLS LAST;
