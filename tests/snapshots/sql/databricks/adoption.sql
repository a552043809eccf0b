WITH `t7` AS (
  SELECT
    *
  FROM (
    SELECT
      `t4`.`unit`,
      MIN(`t4`.`now`) AS `since`
    FROM (
      SELECT
        `t2`.`user_id` AS `unit`,
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
          AND `t0`.`time` >= CAST('2026-03-02T00:00:00+00:00' AS TIMESTAMP)
      ) AS `t2`
    ) AS `t4`
    GROUP BY
      1
  ) AS `t6`
  WHERE
    `t6`.`since` < 1775343600000001
), `t11` AS (
  SELECT
    `t5`.`unit`,
    `t5`.`now`,
    `t10`.`since`
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
        AND `t0`.`event` = 'export_used'
    ) AS `t1`
  ) AS `t5`
  INNER JOIN `t7` AS `t10`
    ON `t5`.`unit` = `t10`.`unit`
)
SELECT
  SUM(CAST((
    `t33`.`since` + 604800000000
  ) < 1775343600000001 AS BIGINT)) AS `eligible`,
  SUM(
    CAST(NOT (
      (
        `t33`.`since` + 604800000000
      ) < 1775343600000001
    ) AS BIGINT)
  ) AS `immature`,
  SUM(
    CAST((
      (
        `t33`.`since` + 604800000000
      ) < 1775343600000001
    )
    AND (
      `t33`.`interested_at` IS NOT NULL
    )
    AND (
      (
        `t33`.`interested_at` - `t33`.`since`
      ) <= 604800000000
    ) AS BIGINT)
  ) AS `interested`,
  SUM(
    CAST((
      (
        `t33`.`since` + 604800000000
      ) < 1775343600000001
    )
    AND (
      `t33`.`tried_at` IS NOT NULL
    )
    AND (
      (
        `t33`.`tried_at` - `t33`.`since`
      ) <= 604800000000
    ) AS BIGINT)
  ) AS `tried`,
  SUM(
    CAST((
      (
        `t33`.`since` + 604800000000
      ) < 1775343600000001
    )
    AND (
      `t33`.`adopted_at` IS NOT NULL
    )
    AND (
      (
        `t33`.`adopted_at` - `t33`.`since`
      ) <= 604800000000
    ) AS BIGINT)
  ) AS `adopted`
FROM (
  SELECT
    `t32`.`unit`,
    `t32`.`since`,
    COALESCE(`t32`.`early`, FALSE) AS `early`,
    `t32`.`tried_at`,
    `t32`.`adopted_at`,
    `t32`.`interested_at`
  FROM (
    SELECT
      `t31`.`unit`,
      `t31`.`since`,
      `t31`.`early`,
      `t31`.`tried_at`,
      `t31`.`adopted_at`,
      `t31`.`interested_at`
    FROM (
      SELECT
        `t30`.`unit`,
        `t30`.`since`,
        `t30`.`early`,
        `t30`.`tried_at`,
        `t30`.`adopted_at`,
        `t19`.`unit` AS `unit_right`,
        `t19`.`interested_at`
      FROM (
        SELECT
          `t28`.`unit`,
          `t28`.`since`,
          `t28`.`early`,
          `t28`.`tried_at`,
          `t28`.`adopted_at`
        FROM (
          SELECT
            `t23`.`unit`,
            `t23`.`since`,
            `t23`.`early`,
            `t27`.`unit` AS `unit_right`,
            `t27`.`tried_at`,
            `t27`.`adopted_at`
          FROM (
            SELECT
              `t21`.`unit`,
              `t21`.`since`,
              `t21`.`early`
            FROM (
              SELECT
                `t9`.`unit`,
                `t9`.`since`,
                `t18`.`unit` AS `unit_right`,
                `t18`.`early`
              FROM `t7` AS `t9`
              LEFT OUTER JOIN (
                SELECT
                  `t14`.`unit`,
                  TRUE AS `early`
                FROM (
                  SELECT DISTINCT
                    `t12`.`unit`
                  FROM `t11` AS `t12`
                  WHERE
                    `t12`.`now` < `t12`.`since`
                ) AS `t14`
              ) AS `t18`
                ON `t9`.`unit` = `t18`.`unit`
            ) AS `t21`
          ) AS `t23`
          LEFT OUTER JOIN (
            SELECT
              `t25`.`unit`,
              `t25`.`tried_at`,
              IF(
                (
                  `t25`.`often` IS NOT NULL
                ) AND (
                  `t25`.`long_enough` IS NOT NULL
                ),
                IF(`t25`.`often` > `t25`.`long_enough`, `t25`.`often`, `t25`.`long_enough`),
                CAST(NULL AS BIGINT)
              ) AS `adopted_at`
            FROM (
              SELECT
                `t24`.`unit`,
                MIN(`t24`.`now`) AS `tried_at`,
                MIN(IF(`t24`.`use` = 1, `t24`.`now`, NULL)) AS `often`,
                MIN(IF(`t24`.`day_number` = 1, `t24`.`now`, NULL)) AS `long_enough`
              FROM (
                SELECT
                  `t20`.`unit`,
                  `t20`.`now`,
                  `t20`.`since`,
                  `t20`.`day`,
                  `t20`.`use`,
                  (
                    DENSE_RANK() OVER (PARTITION BY `t20`.`unit` ORDER BY `t20`.`day` ASC NULLS LAST) - 1
                  ) + 1 AS `day_number`
                FROM (
                  SELECT
                    `t15`.`unit`,
                    `t15`.`now`,
                    `t15`.`since`,
                    `t15`.`day`,
                    (
                      ROW_NUMBER() OVER (PARTITION BY `t15`.`unit` ORDER BY `t15`.`now` ASC NULLS LAST) - 1
                    ) + 1 AS `use`
                  FROM (
                    SELECT
                      `t12`.`unit`,
                      `t12`.`now`,
                      `t12`.`since`,
                      CAST(FLOOR((
                        `t12`.`now` + 0
                      ) / (
                        86400000000
                      )) AS BIGINT) AS `day`
                    FROM `t11` AS `t12`
                    WHERE
                      `t12`.`now` >= `t12`.`since`
                  ) AS `t15`
                ) AS `t20`
              ) AS `t24`
              GROUP BY
                1
            ) AS `t25`
          ) AS `t27`
            ON `t23`.`unit` = `t27`.`unit`
        ) AS `t28`
      ) AS `t30`
      LEFT OUTER JOIN (
        SELECT
          `t13`.`unit`,
          MIN(`t13`.`now`) AS `interested_at`
        FROM (
          SELECT
            *
          FROM `t11` AS `t12`
          WHERE
            `t12`.`now` >= `t12`.`since`
        ) AS `t13`
        GROUP BY
          1
      ) AS `t19`
        ON `t30`.`unit` = `t19`.`unit`
    ) AS `t31`
  ) AS `t32`
  WHERE
    NOT (
      COALESCE(`t32`.`early`, FALSE)
    )
) AS `t33`;
