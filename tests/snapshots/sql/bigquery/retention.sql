WITH `t3` AS (
  SELECT
    `t2`.`unit`,
    `t2`.`period`,
    MIN(IF(`t2`.`enters`, `t2`.`now`, NULL)) AS `entered`,
    SUM(CAST(`t2`.`returns` AS INT64)) AS `returns`
  FROM (
    SELECT
      `t1`.`user_id` AS `unit`,
      UNIX_MICROS(`t1`.`time`) AS `now`,
      CAST(FLOOR(
        ieee_divide(
          CAST(FLOOR(ieee_divide(UNIX_MICROS(`t1`.`time`) + 0, 86400000000)) AS INT64) + 3,
          7
        )
      ) AS INT64) AS `period`,
      (
        `t1`.`event` = 'visit'
      )
      AND TRUE
      AND (
        (
          UNIX_MICROS(`t1`.`time`) >= 1772323200000000
        )
        AND (
          UNIX_MICROS(`t1`.`time`) < 1775001600000000
        )
      ) AS `enters`,
      (
        (
          `t1`.`event` = 'visit'
        ) OR (
          `t1`.`event` = 'pay'
        )
      ) AND TRUE AS `returns`
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
        AND `t0`.`event` IN ('visit', 'pay')
        AND `t0`.`time` >= TIMESTAMP('2026-02-23T00:00:00+00:00')
        AND `t0`.`time` < TIMESTAMP('2026-04-06T00:00:00+00:00')
    ) AS `t1`
  ) AS `t2`
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
      `t5`.`cohort`,
      `t5`.`period_number`,
      COUNT(*) AS `users`
    FROM (
      SELECT
        `t4`.`unit`,
        `t4`.`period` AS `cohort`,
        `t4`.`entered` AS `entry`,
        -1 AS `period_number`
      FROM `t3` AS `t4`
      WHERE
        `t4`.`entered` IS NOT NULL
    ) AS `t5`
    GROUP BY
      1,
      2
  ) AS `t9`
  UNION ALL
  SELECT
    *
  FROM (
    SELECT
      `t14`.`cohort`,
      `t14`.`period_number`,
      COUNT(*) AS `users`
    FROM (
      SELECT
        `t13`.`unit`,
        `t13`.`period`,
        `t13`.`back`,
        `t13`.`cohort`,
        `t13`.`entry`,
        `t13`.`period` - `t13`.`cohort` AS `period_number`
      FROM (
        SELECT
          `t12`.`unit`,
          `t12`.`period`,
          `t12`.`back`,
          `t12`.`cohort`,
          `t8`.`entry`
        FROM (
          SELECT
            `t10`.`unit`,
            `t10`.`period`,
            `t10`.`back`,
            `t10`.`period` - CAST(`t10`.`back` AS INT64) AS `cohort`
          FROM (
            SELECT
              `t7`.`unit`,
              `t7`.`period`,
              IF(pos = pos_2, `back`, NULL) AS `back`
            FROM (
              SELECT
                `t4`.`unit`,
                `t4`.`period`
              FROM `t3` AS `t4`
              WHERE
                `t4`.`returns` >= 1 AND `t4`.`period` <= 2934
            ) AS `t7`
            CROSS JOIN UNNEST(GENERATE_ARRAY(
              0,
              GREATEST(
                ARRAY_LENGTH(
                  IF(
                    NOT NULLIF(1, 0) IS NULL AND SIGN(1) = SIGN(3 - 0),
                    ARRAY(
                      SELECT
                        ibis_bq_arr_range_random
                      FROM UNNEST(GENERATE_ARRAY(0, 3, 1)) AS ibis_bq_arr_range_random
                      WHERE
                        ibis_bq_arr_range_random <> 3
                    ),
                    []
                  )
                )
              ) - 1
            )) AS pos
            CROSS JOIN UNNEST(IF(
              NOT NULLIF(1, 0) IS NULL AND SIGN(1) = SIGN(3 - 0),
              ARRAY(
                SELECT
                  ibis_bq_arr_range_random
                FROM UNNEST(GENERATE_ARRAY(0, 3, 1)) AS ibis_bq_arr_range_random
                WHERE
                  ibis_bq_arr_range_random <> 3
              ),
              []
            )) AS `back` WITH OFFSET AS pos_2
            WHERE
              pos = pos_2
              OR (
                pos > (
                  ARRAY_LENGTH(
                    IF(
                      NOT NULLIF(1, 0) IS NULL AND SIGN(1) = SIGN(3 - 0),
                      ARRAY(
                        SELECT
                          ibis_bq_arr_range_random
                        FROM UNNEST(GENERATE_ARRAY(0, 3, 1)) AS ibis_bq_arr_range_random
                        WHERE
                          ibis_bq_arr_range_random <> 3
                      ),
                      []
                    )
                  ) - 1
                )
                AND pos_2 = (
                  ARRAY_LENGTH(
                    IF(
                      NOT NULLIF(1, 0) IS NULL AND SIGN(1) = SIGN(3 - 0),
                      ARRAY(
                        SELECT
                          ibis_bq_arr_range_random
                        FROM UNNEST(GENERATE_ARRAY(0, 3, 1)) AS ibis_bq_arr_range_random
                        WHERE
                          ibis_bq_arr_range_random <> 3
                      ),
                      []
                    )
                  ) - 1
                )
              )
          ) AS `t10`
        ) AS `t12`
        INNER JOIN (
          SELECT
            `t4`.`unit`,
            `t4`.`period` AS `cohort`,
            `t4`.`entered` AS `entry`
          FROM `t3` AS `t4`
          WHERE
            `t4`.`entered` IS NOT NULL
        ) AS `t8`
          ON `t12`.`unit` = `t8`.`unit` AND `t12`.`cohort` = `t8`.`cohort`
      ) AS `t13`
      WHERE
        (
          `t13`.`period` - `t13`.`cohort`
        ) >= 0
        AND (
          `t13`.`period` - `t13`.`cohort`
        ) <= 2
    ) AS `t14`
    GROUP BY
      1,
      2
  ) AS `t15`
) AS `t16`
ORDER BY
  `t16`.`cohort` ASC NULLS LAST,
  `t16`.`period_number` ASC NULLS LAST;
