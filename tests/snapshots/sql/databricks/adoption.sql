WITH `t7` AS (
  SELECT
    *
  FROM (
    SELECT
      `t3`.`unit`,
      MIN(`t3`.`now`) AS `since`
    FROM (
      SELECT
        `t1`.`user_id` AS `unit`,
        UNIX_MICROS(`t1`.`time`) AS `now`
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
          AND `t0`.`time` >= CAST('2026-03-02T00:00:00+00:00' AS TIMESTAMP)
      ) AS `t1`
    ) AS `t3`
    GROUP BY
      1
  ) AS `t6`
  WHERE
    `t6`.`since` < 1775343600000001
), `t11` AS (
  SELECT
    `t5`.`unit`,
    `t5`.`event`,
    `t5`.`now`,
    `t10`.`since`
  FROM (
    SELECT
      `t2`.`user_id` AS `unit`,
      `t2`.`event`,
      UNIX_MICROS(`t2`.`time`) AS `now`
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
        AND `t0`.`event` IN ('export_used')
    ) AS `t2`
  ) AS `t5`
  INNER JOIN `t7` AS `t10`
    ON `t5`.`unit` = `t10`.`unit`
)
SELECT
  SUM(
    CAST(NOT (
      `t27`.`early`
    )
    AND (
      (
        `t27`.`since` + 604800000000
      ) < 1775343600000001
    ) AS BIGINT)
  ) AS `eligible`,
  SUM(
    CAST(NOT (
      `t27`.`early`
    )
    AND NOT (
      (
        `t27`.`since` + 604800000000
      ) < 1775343600000001
    ) AS BIGINT)
  ) AS `immature`,
  SUM(
    CAST(NOT (
      `t27`.`early`
    )
    AND (
      (
        (
          `t27`.`since` + 604800000000
        ) < 1775343600000001
      )
      AND (
        `t27`.`aware_at` IS NOT NULL
      )
      AND COALESCE((
        `t27`.`aware_at` - `t27`.`since`
      ) <= 604800000000, FALSE)
    ) AS BIGINT)
  ) AS `aware`,
  SUM(
    CAST(NOT (
      `t27`.`early`
    )
    AND (
      (
        (
          `t27`.`since` + 604800000000
        ) < 1775343600000001
      )
      AND (
        `t27`.`interested_at` IS NOT NULL
      )
      AND COALESCE((
        `t27`.`interested_at` - `t27`.`since`
      ) <= 604800000000, FALSE)
    ) AS BIGINT)
  ) AS `interested`,
  SUM(
    CAST(NOT (
      `t27`.`early`
    )
    AND (
      (
        (
          `t27`.`since` + 604800000000
        ) < 1775343600000001
      )
      AND (
        `t27`.`tried_at` IS NOT NULL
      )
      AND COALESCE((
        `t27`.`tried_at` - `t27`.`since`
      ) <= 604800000000, FALSE)
    ) AS BIGINT)
  ) AS `tried`,
  SUM(
    CAST(NOT (
      `t27`.`early`
    )
    AND (
      (
        (
          `t27`.`since` + 604800000000
        ) < 1775343600000001
      )
      AND (
        `t27`.`adopted_at` IS NOT NULL
      )
      AND COALESCE((
        `t27`.`adopted_at` - `t27`.`since`
      ) <= 604800000000, FALSE)
    ) AS BIGINT)
  ) AS `adopted`,
  SUM(CAST(`t27`.`early` AS BIGINT)) AS `early`
FROM (
  SELECT
    `t26`.`unit`,
    `t26`.`since`,
    COALESCE(`t26`.`early`, FALSE) AS `early`,
    `t26`.`tried_at`,
    `t26`.`adopted_at`,
    `t26`.`aware_at`,
    `t26`.`interested_at`
  FROM (
    SELECT
      `t25`.`unit`,
      `t25`.`since`,
      `t25`.`early`,
      `t25`.`tried_at`,
      `t25`.`adopted_at`,
      `t25`.`aware_at`,
      `t25`.`interested_at`
    FROM (
      SELECT
        `t20`.`unit`,
        `t20`.`since`,
        `t20`.`early`,
        `t24`.`unit` AS `unit_right`,
        `t24`.`tried_at`,
        `t24`.`adopted_at`,
        `t24`.`aware_at`,
        `t24`.`interested_at`
      FROM (
        SELECT
          `t18`.`unit`,
          `t18`.`since`,
          `t18`.`early`
        FROM (
          SELECT
            `t9`.`unit`,
            `t9`.`since`,
            `t16`.`unit` AS `unit_right`,
            `t16`.`early`
          FROM `t7` AS `t9`
          LEFT OUTER JOIN (
            SELECT
              `t13`.`unit`,
              TRUE AS `early`
            FROM (
              SELECT DISTINCT
                `t12`.`unit`
              FROM `t11` AS `t12`
              WHERE
                `t12`.`now` < `t12`.`since`
            ) AS `t13`
          ) AS `t16`
            ON `t9`.`unit` = `t16`.`unit`
        ) AS `t18`
      ) AS `t20`
      LEFT OUTER JOIN (
        SELECT
          `t22`.`unit`,
          `t22`.`tried_at`,
          IF(
            (
              `t22`.`often` IS NOT NULL
            ) AND (
              `t22`.`long_enough` IS NOT NULL
            ),
            IF(`t22`.`often` > `t22`.`long_enough`, `t22`.`often`, `t22`.`long_enough`),
            CAST(NULL AS BIGINT)
          ) AS `adopted_at`,
          `t22`.`tried_at` AS `aware_at`,
          `t22`.`tried_at` AS `interested_at`
        FROM (
          SELECT
            `t21`.`unit`,
            MIN(`t21`.`now`) AS `tried_at`,
            MIN(IF(`t21`.`use` = 1, `t21`.`now`, NULL)) AS `often`,
            MIN(IF(`t21`.`day_number` = 1, `t21`.`now`, NULL)) AS `long_enough`
          FROM (
            SELECT
              `t17`.`unit`,
              `t17`.`event`,
              `t17`.`now`,
              `t17`.`since`,
              `t17`.`local_day`,
              `t17`.`use`,
              (
                DENSE_RANK() OVER (PARTITION BY `t17`.`unit` ORDER BY `t17`.`local_day` ASC NULLS LAST) - 1
              ) + 1 AS `day_number`
            FROM (
              SELECT
                `t14`.`unit`,
                `t14`.`event`,
                `t14`.`now`,
                `t14`.`since`,
                `t14`.`local_day`,
                (
                  ROW_NUMBER() OVER (PARTITION BY `t14`.`unit` ORDER BY `t14`.`now` ASC NULLS LAST) - 1
                ) + 1 AS `use`
              FROM (
                SELECT
                  `t12`.`unit`,
                  `t12`.`event`,
                  `t12`.`now`,
                  `t12`.`since`,
                  CAST(FLOOR((
                    `t12`.`now` + 0
                  ) / (
                    86400000000
                  )) AS BIGINT) AS `local_day`
                FROM `t11` AS `t12`
                WHERE
                  `t12`.`now` >= `t12`.`since`
              ) AS `t14`
            ) AS `t17`
          ) AS `t21`
          GROUP BY
            1
        ) AS `t22`
      ) AS `t24`
        ON `t20`.`unit` = `t24`.`unit`
    ) AS `t25`
  ) AS `t26`
) AS `t27`;
