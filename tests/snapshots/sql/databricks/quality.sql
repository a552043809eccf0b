SELECT
  COUNT(*) AS `units`,
  SUM(`t6`.`rows`) AS `events`,
  SUM(CAST(`t6`.`hours` >= 22 AS BIGINT)) AS `machine_units`,
  SUM(IF(`t6`.`hours` >= 22, `t6`.`rows`, NULL)) AS `machine_events`
FROM (
  SELECT
    `t5`.`unit`,
    SUM(`t5`.`rows`) AS `rows`,
    MAX(`t5`.`hours`) AS `hours`
  FROM (
    SELECT
      `t4`.`unit`,
      `t4`.`day`,
      SUM(`t4`.`rows`) AS `rows`,
      COUNT(*) AS `hours`
    FROM (
      SELECT
        `t3`.`unit`,
        `t3`.`hour`,
        `t3`.`rows`,
        CAST(FLOOR((
          `t3`.`hour`
        ) / (
          24
        )) AS BIGINT) AS `day`
      FROM (
        SELECT
          `t2`.`unit`,
          `t2`.`hour`,
          COUNT(*) AS `rows`
        FROM (
          SELECT
            `t1`.`user_id` AS `unit`,
            CAST(FLOOR((
              UNIX_MICROS(`t1`.`time`)
            ) / (
              3600000000
            )) AS BIGINT) AS `hour`
          FROM (
            SELECT
              *
            FROM `events` AS `t0`
            WHERE
              `t0`.`user_id` IS NOT NULL
              AND `t0`.`event` IS NOT NULL
              AND `t0`.`time` IS NOT NULL
              AND TRIM(' \t\n\r\v\f' FROM `t0`.`user_id`) <> ''
              AND TRIM(' \t\n\r\v\f' FROM `t0`.`event`) <> ''
          ) AS `t1`
        ) AS `t2`
        GROUP BY
          1,
          2
      ) AS `t3`
    ) AS `t4`
    GROUP BY
      1,
      2
  ) AS `t5`
  GROUP BY
    1
) AS `t6`;
